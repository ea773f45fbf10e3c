"""What a file may not tell as a consent."""

from consent.model import STATE_OF_WORD, ConsentState
from consent.purposes import published_purposes
from contracts.channel import Channel
from contracts.reading import RefusedRow
from contracts.standard import ConsentRow


def check_import(contract: Channel, row: ConsentRow) -> None:
    """Raises RefusedRow for a yes to a notice that was never published; a no is taken whatever it says beside."""
    state = STATE_OF_WORD.get(row.decision, ConsentState.UNKNOWN)
    purpose = published_purposes().get(row.purpose)
    if state.permits and purpose is not None and not purpose.had_notice(row.notice):
        column = contract.column_of("notice")
        raise RefusedRow(f"{column}: expected a version of the notice that was published (notice), found another")
