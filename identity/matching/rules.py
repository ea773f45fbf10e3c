"""The thresholds and caps of resolution, as one small file that a preview can change."""

import zlib
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SHIPPED_FILE = Path(__file__).parent / "rules.yml"

# The keys of blocking.py. Their order is part of hashed keys: append, never insert.
BLOCKING = (
    "national_id", "external_id", "email", "mailbox", "phone", "device", "name_sound", "street_family",
    "street_initial", "street", "street_name", "birth", "birth_family", "birth_given", "year_family", "family",
    "given", "family_middle", "mailbox_letters", "mailbox_name", "area_family", "area_given", "whole_name",
    "given_year", "mail_host", "number_head", "number_tail",
)  # fmt: skip


class Rules(BaseModel):
    """What rules.yml says; its comments say why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    merge_at: float = Field(ge=-20, le=20)
    review_from: float = Field(ge=-20, le=20)
    best_pair: float = Field(ge=0, le=1)
    unproposed: float = Field(ge=-20, le=0)
    largest_cluster: int = Field(ge=2)
    blocking_caps: dict[str, int]

    @model_validator(mode="after")
    def _is_consistent(self) -> "Rules":
        if set(self.blocking_caps) != set(BLOCKING):
            differing = sorted(set(self.blocking_caps) ^ set(BLOCKING))
            raise ValueError(
                f"blocking_caps: expected a cap for every blocking rule, found these to differ: {differing}"
            )
        if self.review_from > self.merge_at:
            raise ValueError(
                "review_from: expected at most merge_at, found more; nothing would ever wait for a steward"
            )
        return self

    @property
    def digest(self) -> int:
        """Tells rules apart, also from one run to the next."""
        return zlib.crc32(self.model_dump_json().encode())


def load_rules(path: Path) -> Rules:
    """The rules of a file; ValueError says what is wrong with it."""
    try:
        return Rules.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ValueError(f"{path}: {said}") from None


SHIPPED = load_rules(SHIPPED_FILE)
