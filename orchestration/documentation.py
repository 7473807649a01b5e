"""The documentation of the dbt project as one page that needs no server and no network: `make docs-site`.

It holds every table with its columns, tests, lineage and readers, as the project describes them. It looks at no
database: what is there is the same on every machine.
"""

import re
import tempfile
from pathlib import Path

from orchestration.transformation.environment import dbt_environment
from orchestration.transformation.invocation import invoke_dbt
from orchestration.transformation.project import NOWHERE
from warehouse.settings import get_settings

DIRECTORY = "docs-site"
PAGE = "index.html"
# dbt's page loads a script that reports its readers; it looks and works the same without.
LOADED_FROM_ELSEWHERE = re.compile(r'src="(https?:)?//[^"]*"')
GENERATE = ("docs", "generate", "--static", "--empty-catalog", "--no-compile")


def write_documentation(data_path: Path) -> Path:
    """Write the page below the data directory; its path."""
    directory = data_path.resolve() / DIRECTORY
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".unfinished-") as unfinished:
        environment = dbt_environment(NOWHERE, data_path.resolve()) | {"DBT_TARGET_PATH": unfinished}
        invoke_dbt(["parse"], environment=environment)
        invoke_dbt(GENERATE, environment=environment)
        page = Path(unfinished) / "static_index.html"
        page.write_text(LOADED_FROM_ELSEWHERE.sub('src="data:,"', page.read_text(encoding="utf-8")), encoding="utf-8")
        # A killed run leaves the page as it was.
        return page.replace(directory / PAGE)


if __name__ == "__main__":
    print(write_documentation(get_settings().data_path))
