from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from proxy.config.readers.points import read_request_point, read_response_point
from proxy.core.http.leniency import OF_REQUESTS, OF_RESPONSES


def test_points_are_read_where_they_belong() -> None:
    """Each list has its own points; one of the other list is told where to go, an unknown one what was meant."""
    assert [read_request_point(each.value) for each in OF_REQUESTS] == list(OF_REQUESTS)
    assert [read_response_point(each.value) for each in OF_RESPONSES] == list(OF_RESPONSES)
    cures = []
    for read, value in ((read_request_point, "ctl_in_values"), (read_response_point, "unknown_methods")):
        with pytest.raises(PydanticCustomError) as error:
            read(value)
        cures.append(str((error.value.context or {})["cure"]))
    assert "upstream" in cures[0]
    assert "route" in cures[1]
    for other in ("bare-lf", 1, None):
        with pytest.raises(PydanticCustomError, match="must be one of"):
            read_request_point(other)
