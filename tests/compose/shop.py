"""What the tests post: the sessions of a small shop whose departments never mix, so neighbours must stay in theirs."""

import random

DEPARTMENTS, PER_DEPARTMENT = 20, 25
START = 1_760_000_000  # epoch seconds
# Each step of a training takes long enough to be met, and none takes long.
QUICK = {
    "trainer": {"dims": 64, "epochs": 20},
    "evaluation": {"prefixes": 1000, "bootstrap": 100},
}


def item(department: int, number: int) -> str:
    return f"d{department:02d}-{number:02d}"


def items() -> list[str]:
    return [item(d, n) for d in range(DEPARTMENTS) for n in range(PER_DEPARTMENT)]


def events(sessions: int = 4000, length: int = 8, seed: int = 1, name: str = "shop") -> list[dict[str, object]]:
    """Walks through one department each: most often to the next shelf, sometimes anywhere."""
    rng = random.Random(seed)
    found: list[dict[str, object]] = []
    for session in range(sessions):
        department, at = rng.randrange(DEPARTMENTS), rng.randrange(PER_DEPARTMENT)
        for step in range(length):
            found.append(
                {
                    "event_id": f"{name}-{session}-{step}",
                    "user_id": f"{name}-user-{session % 500}",
                    "item_id": item(department, at),
                    "time": START + session * 3600 + step * 20,
                }
            )
            at = (at + 1) % PER_DEPARTMENT if rng.random() < 0.7 else rng.randrange(PER_DEPARTMENT)
    return found
