"""One frozen settings object for every process, read from `OCV_*` environment variables."""

import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.keyring import KeyRing

DEMO_SECRET = "demo-only-secret-do-not-use-anywhere-else"  # noqa: S105 -- published on purpose, refused outside demo

Rate = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,8}/(second|minute|hour|day)$")]


class MissingSecret(ValueError):
    """A required secret is not set."""


class Settings(BaseSettings):
    """Where the stores are and whose tokens count.

    Without URLs the embedded PostgreSQL and Valkey of `local` serve, with one data folder per lake so
    that two lakes never mix. Outside demo mode there is no default secret: starting without one fails.
    """

    model_config = SettingsConfigDict(env_prefix="OCV_", frozen=True, extra="ignore")

    local: Path = Path(".local")
    lake: str = ".local/lake"
    contracts_dir: Path = Path("examples/sample")
    database_url: str | None = None
    owner_url: SecretStr | None = None
    redis_url: str | None = None
    spark_master: str = "local[*]"
    spark_memory: str = "1536m"
    sources_file: Path | None = None
    zones_file: Path | None = None
    kafka_servers: str | None = None
    kafka_topic: str | None = None
    kafka_source: str | None = None

    pool: int = Field(12, ge=1, le=100)
    metrics_port: int = Field(0, ge=0, le=65_535)

    four_eyes: bool = False
    """Whether an erasure needs a second officer's confirmation."""

    demo: bool = False
    audit_key: SecretStr | None = None
    former_audit_keys: SecretStr | None = None
    installation_key: SecretStr | None = None
    certificate_key: Path | None = None
    tombstones_file: Path | None = None
    jwt_issuer: str = "https://issuer.demo.example"
    jwt_audience: str = "one-customer-view"
    jwks_url: str | None = None
    token_seconds: int = Field(86_400, ge=60)

    at_once: int = Field(100, ge=1)
    bot_rate: Rate = "1200/minute"
    bot_people: Rate = "5000/hour"
    staff_people: Rate = "300/hour"
    staff_rate: Rate = "600/minute"
    customer_rate: Rate = "120/minute"
    write_rate: Rate = "6000/minute"
    write_key_rate: Rate = "300000/minute"
    write_people: Rate = "500/hour"

    @model_validator(mode="after")
    def _no_demo_secret_outside_demo_mode(self) -> Self:
        if not self.demo and self.audit_key and self.audit_key.get_secret_value() == DEMO_SECRET:
            raise ValueError(
                "expected a secret of your own in OCV_AUDIT_KEY, found the demo secret outside demo mode; "
                "set your own, or set OCV_DEMO=1 for a demonstration"
            )
        return self

    @property
    def audit_secret(self) -> KeyRing:
        """What anchors are made with; raises MissingSecret outside demo mode where nobody has set it."""
        former = self.former_audit_keys.get_secret_value() if self.former_audit_keys else ""
        before = [one.strip().encode() for one in former.split(",") if one.strip()]
        if self.audit_key and self.audit_key.get_secret_value():
            return KeyRing.of(self.audit_key.get_secret_value().encode(), before)
        if self.demo:
            return KeyRing.of(DEMO_SECRET.encode(), before)
        raise MissingSecret(
            "expected a secret of your own in OCV_AUDIT_KEY, found none; set one (`openssl rand -hex 32`), "
            "or OCV_DEMO=1 for a demonstration"
        )

    @property
    def installation_secret(self) -> bytes:
        """What ids and the ledger's MACs are made with (decision 0024); never kept in a store.

        Embedded stores create one beside them once. With an external PostgreSQL, OCV_AUDIT_KEY is used, so that all
        machines have the same; raises MissingSecret if neither is set.
        """
        if self.installation_key and self.installation_key.get_secret_value():
            return self.installation_key.get_secret_value().encode()
        return self.audit_secret if self.database_url else _made_once(self.local.resolve() / "installation-key")

    @property
    def store_dir(self) -> Path:
        """The folder of the embedded stores that belong to this lake."""
        return self.local.resolve() / "stores" / hashlib.sha256(self.lake_uri.encode()).hexdigest()[:12]

    @property
    def kept_tombstones(self) -> Path:
        """The file that keeps every tombstone outside the stores, so that a restore knows who was erased since."""
        return self.tombstones_file or self.local.resolve() / "tombstones" / f"{self.store_dir.name}.jsonl"

    @property
    def lake_uri(self) -> str:
        """The lake's root as Spark wants it: an absolute path, or the object store's URI unchanged."""
        return self.lake.rstrip("/") if "://" in self.lake else str(Path(self.lake).resolve())


def _made_once(file: Path) -> bytes:
    """The secret in a file, created if missing; two processes that create it at once get the same."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        own = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        own.touch(mode=0o600)
        own.write_text(secrets.token_hex(32))
        try:
            os.link(own, file)
        except FileExistsError:
            pass
        own.unlink()
    return file.read_bytes()


@lru_cache
def settings() -> Settings:
    """The process's settings, read from the environment once."""
    return Settings()
