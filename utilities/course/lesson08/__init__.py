"""What only lesson 08 and its deep notebook 08b need: expenses, a policy, a ledger, and who decides."""

from .after_a_crash import after_a_crash
from .answering import send_answers
from .comparing import judged, matrix
from .covering import covered
from .deploying import Place, deliver, forms_of, results_of, service_for, visitor
from .form_tokens import form_token
from .gate import approving
from .ledger import Ledger
from .policy import MINUTES, RECEIPTS, facts_of, lane, why_a_person
from .showing import receipts
from .telling_apart import mistakes
from .which_receipts import which
from .with_receipts import calling_service, folder_of, lost_response, sessions_with, wait_until

__all__ = [
    "MINUTES",
    "RECEIPTS",
    "Ledger",
    "approving",
    "calling_service",
    "covered",
    "facts_of",
    "folder_of",
    "judged",
    "lane",
    "lost_response",
    "matrix",
    "mistakes",
    "receipts",
    "send_answers",
    "sessions_with",
    "wait_until",
    "which",
    "why_a_person",
    "Place",
    "after_a_crash",
    "deliver",
    "form_token",
    "forms_of",
    "results_of",
    "service_for",
    "visitor",
]
