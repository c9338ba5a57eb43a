"""What the findings say of the metadata of the items, and of ids that should meet: a part of training.check.words."""

from training.check.text import Words

WORDS = {
    "metadata_unreadable": Words(
        "the metadata of the items cannot be read",
        "{why}.",
        "A training would end there.",
        "Correct --items or the settings named here.",
    ),
    "metadata_unmatched": Words(
        "items of the log that the metadata does not have",
        "{files}: {said}",
        "Items without metadata have no title and no category, and pass no filter.",
        "{advice}",
    ),
    "metadata_rejected": Words(
        "rows of the metadata that are no items",
        "{count:row} of {read:,} of the metadata ({share}) {count:is|are} no items: {reasons}.",
        "They are left out.",
        "Look at the examples. After a training all are in rejects-items.parquet, beside the rejects of the log.",
    ),
    "metadata_all_hidden": Words(
        "no item of the log is available",
        "All items of the log are among the {count:item} whose field 'available' says no.",
        "They are trained on, but none of them ever comes back: every answer is empty.",
        "Write what may come back as true, or rename the field if it means something else.",
    ),
    "available_unclear": Words(
        "availability that says neither yes nor no",
        "{count:value} of the field 'available' {count:is|are} neither true nor false: {values}.",
        "Such a value hides nothing: the item comes back.",
        "Write true or false, or rename the field if it means something else.",
    ),
    "metadata_guessed": Words(
        "how the metadata is read was guessed",
        "{files}: not asked for, and read so because the text looks like it: {guesses}.",
        "A wrong guess gives wrong ids, titles or columns.",
        "Name what is right: --items-encoding, --items-header, --items-columns, --items-quoting.",
    ),
    "metadata_id_guessed": Words(
        "the column of ids of the metadata was guessed",
        "{files}: column {column!r} is taken for the item id.",
        "Its values decide which metadata an item gets.",
        "If it is another one, name it with --items-id.",
    ),
    "ids_read_whole": Words(
        "whole numbers written as decimals",
        "{files}: ids are written as 300.0, which pandas makes of a column of whole numbers with a gap.",
        "They are read as 300.",
        "Nothing to do; write whole numbers (in pandas: astype('Int64')) to be sure.",
    ),
    "metadata_lists": Words(
        "a field of the metadata is read as lists",
        "Field {field!r} is written {how}, so it is read as lists.",
        "A filter asks for one element: {field}:has:...",
        "Nothing to do.",
    ),
    "metadata_repeated": Words(
        "several rows of the metadata have one id",
        "{count:row} of the metadata ({share}) {count:has|have} the id of an earlier row.",
        "The last row of an id counts, whole.",
        "If they are versions of an item, nothing to do; else --items-id names another column.",
    ),
    "metadata_empty": Words(
        "files of the metadata without any row",
        "{count:file} of the metadata {count:is|are} empty: {files}.",
        "Empty files are skipped.",
        "If they should hold items, export them again.",
    ),
    "ids_with_blanks": Words(
        "item ids with blanks at their ends",
        "{count:item} ({share}) {count:has|have} blanks, or characters that are not seen, at the ends of the id, as in "
        "{example!r}.",
        "A blank is a part of the id: who asks without it finds nothing.",
        "Trim the ids where they are written. In a CSV file, is there a blank behind each delimiter?",
    ),
    "ids_cut_short": Words(
        "item ids that lost their digits",
        "{count:event} ({share}) {count:has|have} an item id like {example!r}: a long number, of which a spreadsheet "
        "kept the first digits.",
        "Items whose numbers begin alike have become one, and the rest of the digits is not in the file.",
        "Export the log again, and do not save it with a spreadsheet, or format the column as text there first.",
    ),
    "ids_differ_by_form": Words(
        "item ids that differ only in how they are written",
        "{count:id} {count:is|are} the same as another but for quotes, zeros in front, dashes, .0, Unicode form or "
        "characters that are not seen.",
        "If they mean one item, its events are divided among them.",
        "Write them in one way, unless they are different items.",
    ),
}
