"""What assertions in the helpers show when they fail."""

import pytest

pytest.register_assert_rewrite("tests.component.refusals")
