"""Who may see what, written down by hand: what the tests expect is computed without the code under test."""

# Purpose -> what it rests on, who may read for it, and which categories it covers.
TRUTH = {
    "service": ("contract", "advisor bot customer", "identity contact transaction behaviour communication"),
    "advice": ("legitimate_interest", "advisor bot", "identity transaction behaviour communication"),
    "personalisation": ("consent", "advisor bot", "identity transaction behaviour"),
    "marketing_email": ("consent", "advisor bot", "identity contact"),
    "marketing_phone": ("consent", "advisor bot", "identity contact"),
    "marketing_post": ("consent", "advisor", "identity contact"),
    "analytics": ("consent", "steward", "transaction behaviour"),
    "fraud_prevention": ("legitimate_interest", "advisor steward", "identity contact transaction behaviour"),
    "model_training": ("consent", "steward", "transaction behaviour"),
    "legal_obligation": ("legal_obligation", "privacy_officer steward", "identity contact transaction"),
    "identity_resolution": ("legitimate_interest", "steward privacy_officer", "identity contact"),
    "privacy_rights": (
        "legal_obligation",
        "privacy_officer customer",
        "identity contact transaction behaviour communication sensitive",
    ),
    "resale": ("none", "", ""),
    "political_targeting": ("none", "", ""),
}
OBJECTIONS = {"ConsentRefused", "ConsentWithdrawn", "ConsentRevoked"}
AT_THE_ROUTES = ("ConsentGiven", "ConsentUnknown", "ConsentWithdrawn", "ConsentExpired")


def may_ask(role: str, purpose: str) -> bool:
    return role in TRUTH[purpose][1].split()


def visible(role: str, purpose: str, state: str, restricted: bool = False, repair: bool = False) -> frozenset[str]:
    """The categories that may be seen; written as the law puts it, not as the code does."""
    basis, _, categories = TRUTH[purpose]
    if not may_ask(role, purpose):
        return frozenset()
    if repair and (role, purpose) == ("steward", "identity_resolution"):
        return frozenset(categories.split())
    if restricted and basis != "legal_obligation":
        return frozenset()
    if basis == "consent" and state not in ("ConsentGiven", "RenewedConsentGiven"):
        return frozenset()
    if basis == "legitimate_interest" and state in OBJECTIONS:
        return frozenset()
    return frozenset(categories.split())
