"""What only lesson 05 needs: poll, stream or be called."""

from .checks import finish, interval, over

__all__ = ["finish", "interval", "over"]
