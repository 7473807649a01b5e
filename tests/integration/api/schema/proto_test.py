import os
import httpx, pytest, schemathesis
from hypothesis import HealthCheck, settings, strategies as st
from api.main import create_app
SCHEMA = schemathesis.openapi.from_dict(create_app().openapi())
EX=int(os.environ.get("FUZZ_EXAMPLES","5"))
from collections import Counter
N=Counter()
M=Counter()
class TestSchema:
    @SCHEMA.parametrize()
    @settings(max_examples=EX, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def test_x(self, case, api_url):
        r = case.call(base_url=api_url)
        N[(case.method, case.path, r.status_code)]+=1
        M[(str(case.meta.phase.name), case.method)]+=1
        case.validate_response(r)
    def test_z(self):
        for k,v in sorted(N.items()): print(k,v)
        for k,v in sorted(M.items()): print(k,v)
