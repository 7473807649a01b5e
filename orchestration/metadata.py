"""What runs say of themselves in Dagster's metadata: the names under which it is written and read again."""

KEPT = "kept"
FAILED_TESTS = "failed_tests"
FAILED_MODELS = "failed_models"
