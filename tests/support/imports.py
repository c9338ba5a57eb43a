"""What a source file imports."""

import ast
from pathlib import Path


def imports(path: Path) -> set[str]:
    """Modules a file imports, anywhere in it; a name that is imported from a package counts as a module of it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found
