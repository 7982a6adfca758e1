"""RabbitMQ is not part of the gate, since installing it takes longer than the tests: `make brokers` runs them."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("DRAC_TEST_BROKERS") == "1" else ["test_rabbitmq.py"]
