"""An explanation in words."""

from datetime import datetime
from typing import Any


def sentences(item: str, candidate: str, content: dict[str, Any]) -> list[str]:
    """content: evidence, similar, next and missing, as the reply of GET /explain has them."""
    found = []
    pair = content["evidence"]
    if pair is not None and pair["sessions"] == 0:
        found.append(f"No training session held both {item} and {candidate}.")
    elif pair is not None:
        last = f", last on {datetime.fromisoformat(pair['last']):%d %B %Y}" if pair["last"] else ""
        often = f"{pair['sessions']} session" + ("s" if pair["sessions"] != 1 else "")
        found.append(f"{item} and {candidate} were together in {often}, {pair['lift']:.1f} times chance{last}.")
        found.append(
            f"{item} came first in {pair['first_before']} of them, {candidate} in {pair['second_before']}; "
            f"{pair['distance']:.1f} steps apart on average."
        )
    for score in ("similar", "next"):
        if content[score] is not None:
            rank, value = content[score]["rank"], content[score]["score"]
            found.append(f"By {score}, {candidate} is rank {rank} for {item} (score {value:.3f}).")
    return found + [f"Not listed ({why}): {text}." for why, text in content["missing"].items()]
