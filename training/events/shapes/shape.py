"""Columns that are not in a file as they are wanted, and rows that hold several events, as SQL around a scan."""

from dataclasses import dataclass

from training.events.sql import name
from training.eventsconfig import SESSION

# Columns that a shape adds. No file is expected to have them: the parentheses keep them apart.
FILE = "(file)"  # path of the file that the row is of
ROW = "(row)"  # number of the row in its file, from 1, where a row is a session
POSITION = "(position)"  # of an element in its row, from 0
BLANK = "(blank)"  # whether the row holds nothing at all


@dataclass(frozen=True)
class Column:
    """sql: over the columns of the file. type: as SQL; of an element, where the column is a list of a row of lists."""

    name: str
    sql: str
    type: str


@dataclass(frozen=True)
class Shape:
    """computed: columns worked out of the file's own. lists: of each row, elements beside each other: rows themselves.

    asked: columns of the file that are wanted as they stand. session: SQL of the session of a row, over ROW. positions:
    name of a time that is made of the places of the elements. ordered: the elements of a row have one time, and their
    place tells their order. needs_file: whether a column is made of FILE.
    """

    computed: tuple[Column, ...] = ()
    lists: tuple[Column, ...] = ()
    asked: tuple[str, ...] = ()
    session: str | None = None
    positions: str | None = None
    ordered: bool = False
    needs_file: bool = False

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """(name, SQL type) of what it adds or replaces."""
        added = [(column.name, column.type) for column in (*self.computed, *self.lists)]
        if self.session is not None:
            added.append((SESSION, "VARCHAR"))
        if self.positions is not None:
            added.append((self.positions, "TIMESTAMP"))
        return tuple(added)

    def around(self, table: str, own: tuple[str, ...]) -> str:
        """The table in this shape. own: the columns of the file, of which those of the same name give way."""
        if not self.computed and not self.lists:
            return table
        made = (*self.computed, *self.lists)
        taken = {column.name.lower() for column in made} | {(self.positions or "").lower()}
        hidden = [name(column) for column in own if column.lower() in taken]
        rest = f"* EXCLUDE ({', '.join(hidden)})" if hidden else "*"
        values = ", ".join(f"{column.sql} AS {name(column.name)}" for column in made)
        if not self.lists:
            return f"(SELECT {rest}, {values} FROM {table})"
        nothing = " AND ".join(f"{value} IS NULL" for value in (*map(name, self.asked), *(c.sql for c in made)))
        numbered = f"{rest}, {values}, {nothing} AS {name(BLANK)}, row_number() OVER () AS {name(ROW)}"
        names = [name(column.name) for column in self.lists]
        sizes = ", ".join(f"len({n})" for n in names)
        # A row without any element is a row all the same: it is rejected, not lost.
        places = f"unnest(range(coalesce(greatest({sizes}, 1), 1))) AS {name(POSITION)}"
        spread = ", ".join(f"unnest({n}) AS {n}" for n in names)
        spread += f", {places}" + (f", {self.session} AS {name(SESSION)}" if self.session else "")
        rows = f"SELECT * EXCLUDE ({', '.join(names)}), {spread} FROM (SELECT {numbered} FROM {table})"
        if self.positions is None:
            return f"({rows})"
        # A second apart, as in a log whose times are positions.
        return f"(SELECT *, make_timestamp({name(POSITION)} * 1000000) AS {name(self.positions)} FROM ({rows}))"
