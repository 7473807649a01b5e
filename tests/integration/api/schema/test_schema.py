"""What the service does is what its OpenAPI document says, for requests nobody would think of.

`SCHEMA_EXAMPLES` is the number of requests made up for each operation. With it, the edges of every parameter are also
tried one by one, and methods the document does not name (`make fuzz`).
"""

import os
import re

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, HookContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.main import create_app
from tests.integration.api.schema.caller import Callers

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "3"))
IS_THOROUGH = "SCHEMA_EXAMPLES" in os.environ
REFUSALS = [str(status) for status in (400, 401, 403, 404, 405, 409, 412, 413, 414, 415, 422, 431)]
CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "phases": {"coverage": {"enabled": IS_THOROUGH}},
        # Too much is refused as well as what is wrong.
        "checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}},
    }
)
SCHEMA = schemathesis.openapi.from_dict(create_app().openapi(), config=CONFIG)
# A document can't say of every text that is refused, such as a cursor that was never given out.
NOT_CHECKED = [positive_data_acceptance]
STACK_TRACE = re.compile(r"Traceback \(most recent|File \\?\".+\.py|sqlalchemy\.|psycopg\.|asyncpg\.|site-packages")


@SCHEMA.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Parameters nobody declared are ignored, as HTTP has it; a bad event is refused by itself, in a good answer."""
    is_ignored = "Invalid component: " not in failure.message or case.path.endswith("/analytics/events")
    return not (isinstance(failure, AcceptedNegativeData) and is_ignored)


class TestSchema:
    @SCHEMA.parametrize()
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def test_answers_are_as_documented(self, case: Case, callers: Callers):
        answer = callers.call(case)
        case.validate_response(answer, excluded_checks=NOT_CHECKED)
        assert STACK_TRACE.search(answer.text) is None
        assert answer.headers["x-request-id"] != []
