"""Models, through the client: those that the installed SDK names."""

import anthropic
import pytest

from tests.kit.calling import serving, strict
from utilities.replay.resources.models import IDS, MODELS, UNTOLD


@pytest.fixture(scope="module")
def client():
    with serving() as server:
        yield strict(server)


def refused(status=400):
    return pytest.raises(anthropic.APIStatusError, match=f"^Error code: {status}")


@pytest.mark.rule(
    "the models that the SDK names are listed, the newest first; an alias stands for the dated model",
    topic="models",
    evidence="sdk",
    source="the literal of model ids; the docstrings of list and retrieve",
)
@pytest.mark.rule(
    "what the SDK doesn't say of a model is null, its date 1970, and it counts as active",
    topic="models",
    evidence="ours",
)
def test_the_models_of_the_sdk(client):
    models = list(client.models.list(limit=5))
    assert [model.id for model in models] == list(MODELS) == [model.id for model in client.beta.models.list()]
    assert set(IDS) - set(MODELS) == {id for id in IDS if any(other.startswith(f"{id}-20") for other in IDS)}
    for id in IDS:
        model = client.models.retrieve(id)
        assert model.id in (id, *[other for other in MODELS if other.startswith(f"{id}-20")])
        assert model in models and model.lifecycle == "active" and model.created_at.year == 1970
        assert all(getattr(model, key) is None for key in UNTOLD)
    assert client.beta.models.retrieve("claude-haiku-4-5").display_name == "Claude Haiku 4.5"
    with refused(404):
        client.models.retrieve("claude-2")


@pytest.mark.rule(
    "a page of models is asked by `after_id` or `before_id`; it says `has_more`, `first_id`, `last_id`",
    topic="models",
    evidence="sdk",
    source="pagination.py",
)
def test_pages_of_models(client):
    first = client.models.list(limit=3)
    assert (first.first_id, first.last_id, first.has_more) == (MODELS[0], MODELS[2], True)
    second = client.models.list(limit=3, after_id=first.last_id)
    assert [model.id for model in second.data] == list(MODELS[3:6])
    back = client.models.list(limit=3, before_id=second.first_id)
    assert [model.id for model in back.data] == list(MODELS[:3]) and back.has_more is False
    end = client.models.list(after_id=MODELS[-1])
    assert (end.data, end.has_more, end.first_id) == ([], False, None)
    between = client.models.list(after_id=MODELS[0], before_id=MODELS[3], limit=1)
    assert [model.id for model in between.data] == [MODELS[1]] and between.has_more is True
    wrong = [
        {"after_id": "x"},
        {"before_id": "x"},
        {"limit": 0},
        {"limit": 1001},
        {"lifecycle": ["young"]},
    ]
    for query in wrong:
        with refused():
            client.models.list(**query)


@pytest.mark.rule(
    "models can be listed by their stage of life",
    topic="models",
    evidence="sdk",
    source="model_list_params.py",
)
def test_models_by_stage(client):
    assert client.models.list(lifecycle=["retired", "deprecated"]).data == []
    assert len(list(client.models.list(lifecycle=["active", "retired"]))) == len(MODELS)
