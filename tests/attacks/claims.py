"""What an outsider may say in his browser of a customer, in every field that names or describes somebody."""

from typing import Any

from tests.attacks.site import ANNA, BROWSER_OF_ANNA, LUC

VICTIM = {
    "email": ANNA["email"],
    "phone": ANNA["phone"],
    "firstName": "Mallory",
    "lastName": "Roux",
    "birthday": "1980-03-02",
    "address": {"street": "12 rue des Lilas", "city": "Paris"},
}
EXTERNAL = [{"type": kind, "id": value} for kind, value in (ANNA | LUC).items()]

# Every way in which a browser's message can name somebody; `b-7` is the browser that sends it.
WAYS: dict[str, list[dict[str, Any]]] = {
    "identify": [{"type": "identify", "anonymousId": "b-7", "traits": VICTIM}],
    "identify with a user id": [{"type": "identify", "userId": "mallory", "traits": VICTIM}],
    "the victim's user id": [{"type": "identify", "userId": ANNA["user_id"], "anonymousId": "b-7", "traits": VICTIM}],
    "the victim's user id alone": [{"type": "track", "event": "Order Completed", "userId": ANNA["user_id"]}],
    "another case of it": [{"type": "page", "userId": ANNA["user_id"].upper(), "anonymousId": "b-7"}],
    "context.traits": [{"type": "track", "event": "Seen", "anonymousId": "b-7", "context": {"traits": VICTIM}}],
    "context.externalIds": [{"type": "page", "anonymousId": "b-7", "context": {"externalIds": EXTERNAL}}],
    "screen": [{"type": "screen", "anonymousId": "b-7", "context": {"traits": VICTIM, "externalIds": EXTERNAL}}],
    "group": [{"type": "group", "anonymousId": "b-7", "groupId": "g", "traits": VICTIM, "context": {"traits": VICTIM}}],
    "alias": [{"type": "alias", "userId": "mallory", "previousId": ANNA["user_id"], "anonymousId": "b-7"}],
    "alias backwards": [{"type": "alias", "userId": ANNA["user_id"], "previousId": "b-7", "anonymousId": "b-7"}],
    "alias of a browser": [{"type": "alias", "userId": "mallory", "previousId": BROWSER_OF_ANNA}],
    "anonymousId": [{"type": "track", "event": "Seen", "anonymousId": one} for one in ANNA.values()],
    "the victim's browser": [{"type": "track", "event": "Order Completed", "anonymousId": BROWSER_OF_ANNA}],
    "the victim's browser, hidden": [{"type": "page", "anonymousId": BROWSER_OF_ANNA.upper() + "\u200b"}],
    "a number as userId": [{"type": "identify", "userId": 1, "traits": VICTIM}],
    "verified by its own word": [
        {"type": "identify", "anonymousId": "b-7", "traits": VICTIM, "context": {"verified": ["email", "phone"]}}
    ],
}
