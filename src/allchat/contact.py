"""Whom to call: the one place for what holds where an operator sets nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call, as an operator set it."""

    emergency_number: str = "911"
    crisis_number: str = "988"
    poison_number: str = "1-800-222-1222"
    region: str = "in the United States"
    care_team: str = "your child's care team"

    def values(self) -> dict[str, str]:
        """The values for the wording's braces."""
        return {name: str(getattr(self, name)) for name in self.__dataclass_fields__}


USUAL_CONTACT = Contact()
"""What holds where an operator sets nothing, in English."""
