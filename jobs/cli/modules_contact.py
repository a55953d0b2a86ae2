"""`connector modules contact`: whom parents of a school may ask about the portal."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.cli import exits, render
from jobs.cli.modules_desk import By, Json, desk_of
from jobs.cli.runs import who


def contact(
    school: Annotated[str, typer.Option("--school", metavar="BRIN", help="The school.")],
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Who it is.")] = None,
    mail: Annotated[str | None, typer.Option("--mail", metavar="ADDRESS", help="The work address.")] = None,
    phone: Annotated[str | None, typer.Option("--phone", metavar="NUMBER", help="The school's number.")] = None,
    is_cleared: Annotated[bool, typer.Option("--clear", help="Take the contact person away.")] = False,
    by: By = None,
    is_json: Json = False,
) -> int:
    """Show the contact person of a school, or say who it is; what is left out stays as it was."""
    from connector.bookkeeping import register
    from jobs.cli.contact_words import parse_contact
    from schemas.errors import ConfigurationError

    given = {key: value for key, value in (("name", name), ("mail", mail), ("phone", phone)) if value is not None}
    if is_cleared and given:
        raise ConfigurationError("--clear takes nothing else.", fix="Leave --name, --mail and --phone out.")
    with desk_of([school]) as desk:
        (one,) = desk.schools
        if is_cleared:
            with desk.session.write() as connection:
                had = register.clear_contact(connection, one, who(by))
            render.out(f"{one}  the contact person is {'taken away' if had else 'not set'}.")
            return exits.WELL
        if given:
            with desk.session.write() as connection:
                known = register.contact(connection, one)
                wanted = parse_contact({**(known._asdict() if known else {}), **given}, "--")
                register.set_contact(connection, one, wanted, who(by))
        with desk.session.read() as connection:
            found = register.contact(connection, one)
    if is_json:
        render.document({"school": one, "contact": None if found is None else found._asdict()})
    elif found is None:
        render.out(f"{one}  has no contact person; say who: --name … --mail …")
    else:
        render.table(("school", *found._fields), [(one, *found)], left=range(4))
    return exits.WELL
