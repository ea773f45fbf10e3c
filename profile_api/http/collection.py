"""Where events are sent to, under this API's own names and those of client libraries, short ones too."""

from contracts.events import CALLS

OWN_BATCH = "/v1/events/batch"
BATCHES = (OWN_BATCH, "/v1/batch", "/v1/import", "/v1/b")
SINGLE = {path: call for call in CALLS for path in (f"/v1/{call}", f"/v1/{call[0]}")}
"""Path -> the type of message that it implies."""
METRICS = "/v1/m"
"""Where a library in a page tells how it fares itself."""
COLLECTION = frozenset({"/v1/events", *BATCHES, *SINGLE, METRICS})
