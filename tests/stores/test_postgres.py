from sqlalchemy import Engine

from stores.postgres import driver_of


def test_a_connection_waits_ten_seconds_at_most_for_a_network_that_swallows_everything(engine: Engine) -> None:
    with engine.connect() as connection:
        waits = driver_of(connection).info.get_parameters()
    assert int(waits["tcp_user_timeout"]) == 10_000
    idle, interval, count = (int(waits[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    assert idle + interval * count <= 11
