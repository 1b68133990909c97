"""The workshop: a case for every seat, exercises that check themselves, student copies."""

from omninb.workshop.case import workshop_case
from omninb.workshop.checking import check

__all__ = ["check", "workshop_case"]
