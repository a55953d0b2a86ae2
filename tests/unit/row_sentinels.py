"""What the cases of the portal's rows share: values of which no two are alike, and the columns they fill."""

from __future__ import annotations

import hmac
from datetime import UTC, date, datetime

from schemas.canonical.people import Name
from tests import builders, dossier_builders

NAME = Name("s-first", "s-initials", "s-call", "s-prefix", "s-last")
ADDRESS = builders.address(
    key="s-address",
    street="s-street",
    house_number="12 s-number",
    house_number_suffix="s-suffix",
    postal_code="s-postal",
    city="s-city",
    country="s-country",
)
PHONES = (builders.phone(number="06-00000009"),)

NAME_COLUMNS = {
    "call_name": "s-call",
    "name_prefix": "s-prefix",
    "last_name": "s-last",
    "display_name": "s-call s-prefix s-last",
    "sort_name": "s-last, s-call s-prefix",
}
STREET_COLUMNS = {
    "street": "s-street",
    "house_number": "12 s-number",
    "house_number_suffix": "s-suffix",
    "postal_code": "s-postal",
    "city": "s-city",
    "country": "s-country",
}
CONTACT_COLUMNS = {
    "address_id": "s-address",
    **STREET_COLUMNS,
    "is_address_confidential": False,
    "phones": '[{"kind":"mobile","number":"+31600000009"}]',
    "home_digest": hmac.digest(b"a key", b"home\0spostal\x0012", "sha256").hex(),
    "home_suffix_digest": hmac.digest(b"a key", b"home\0spostal\x0012\0snumberssuffix", "sha256").hex(),
}
A, B, C, D = (date(2026, 1, 10), date(2026, 2, 10), date(2027, 1, 10), date(2027, 2, 10))
E, F = date(2025, 1, 10), date(2028, 1, 10)
A_BEGINS, C_ENDS = datetime(2026, 1, 9, 23, tzinfo=UTC), datetime(2027, 1, 10, 23, tzinfo=UTC)
FROM_AT, UNTIL_AT = datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 12, 1, 8, tzinfo=UTC)
DOCUMENT = dossier_builders.document(
    key="s-document", file_name="s-file", content_type="s-type", size=812, sha256="s-digest"
)
DOCUMENT_COLUMNS = {
    "document_id": "s-document",
    "document_name": "s-file",
    "document_type": "s-type",
    "document_size": 812,
    "document_sha256": "s-digest",
}
