"""Somebody who was erased, in every spelling of her address and number, and a channel of files that may name her."""

from contracts.channel import Channel
from contracts.identifiers import Identifier
from contracts.live_keys import visitor_key
from contracts.sources import DEMO_SOURCE

EVE = [
    Identifier("email", "eve.zarwell@inbox.example"),
    Identifier("phone", "+33612345098"),
    Identifier("customer_number", "c-70001"),
    Identifier("loyalty_card", "lc-70002"),
    Identifier("user_id", "u-eve-7"),
    Identifier("national_id", "281037512345678"),
    Identifier("device_id", "her-browser-1"),
    Identifier("visitor_id", f"{DEMO_SOURCE}:her-browser-1"),
]
HER_RECORDS = ["crm:C-70001", f"{DEMO_SOURCE}:u-eve-7", f"{DEMO_SOURCE}:{visitor_key('her-browser-1')}"]
MAILS = [
    "eve.zarwell@inbox.example",
    "Eve.Zarwell@INBOX.example",
    " mailto:eve.zarwell@inbox.example ",
    "Eve Zarwell <eve.zarwell@inbox.example>",
    "eve.zarwell%40inbox.example",
    "https://shop.example/?email=eve.zarwell%40inbox.example&page=2",
    "ｅｖｅ.zarwell@inbox.example",
    "eve.\u200bzarwell@inbox.example",
    "eve.zarwell@inbox.example.",
    "eve.zarwell@inbox.example; bob@inbox.example",
    "tell **eve.zarwell@inbox.example**, please",
    "#eve.zarwell@inbox.example!",
    "eve.zarwell＠inbox.example",
    "eve.zarwell%2540inbox.example",
    "eve.zarwell&#64;inbox.example",
]
PHONES = [
    "+33612345098",
    "0612345098",
    "06 12 34 50 98",
    "06.12.34.50.98",
    "06-12-34-50-98",
    "0033 6 12 34 50 98",
    "+33 (0)6 12 34 50 98",
    "33612345098",
    "612345098",
    "call 06 12 34 50 98 please",
    "0612345098 / 0600000017",
    "0612345098 0600000017",
    "06,12,34,50,98",
    "tel0612345098",
    "٠٦١٢٣٤٥٠٩٨",
]
CRM = Channel.model_validate(
    {
        "channel": "crm",
        "files": "crm*.csv",
        "format": "csv",
        "holds": ["person"],
        "region": "FR",
        "columns": {
            "id": {"is": "key", "kind": "customer_number", "required": True},
            "given": {"is": "given_name"},
            "born": {"is": "birth_date", "format": "%d/%m/%Y", "required": True},
            "mail": {"is": "email"},
            "tel": {"is": "phone"},
            "reach": {"is": "contact"},
            "card": {"is": "external_id", "kind": "loyalty_card"},
            "tax": {"is": "external_id", "kind": "national_id"},
            "login": {"is": "external_id", "kind": "user_id"},
            "device": {"is": "device_id"},
            "note": {"is": "attribute", "name": "note", "category": "contact"},
        },
    }
)
