"""The stores in the service's role, which can append to evidence tables, but not change them."""

from dataclasses import replace

from pydantic import SecretStr

from contracts.settings import Settings
from stores.embedded import Stores
from stores.postgres import migrate, open_engine
from stores.roles import SERVICE, as_service, owns


class NotTheService(RuntimeError):
    """The service was given a role in which it must not run."""


def service_stores(chosen: Settings, stores: Stores) -> tuple[Settings, Stores]:
    """Settings and stores of a service, the tables those of this version; raises NotTheService.

    Embedded stores are migrated here, by their owner, whose address is then known to the process that erases. Elsewhere
    the owner's password is none of the service's business, but in a demonstration, where one role may be both.
    """
    embedded = chosen.database_url is None
    engine = open_engine(stores.database_url)
    try:
        migrate(engine)
        with engine.connect() as connection:
            owner = owns(connection)
    finally:
        engine.dispose()
    if owner and not embedded and not chosen.demo:
        raise NotTheService(
            f"expected the role {SERVICE} in OCV_DATABASE_URL, found the owner of the tables, who could change what was"
            " decided and read; start the service as the other role (docs/operations.md)"
        )
    if owner:
        chosen = chosen.model_copy(update={"owner_url": SecretStr(stores.database_url)})
    return chosen, replace(stores, database_url=as_service(stores.database_url)) if embedded else stores
