"""Tests of formats of times: whole columns, against Python's strptime."""

import re
from datetime import datetime, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.records.time_formats import NAMED_FORMATS, time_format

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FORMATS = [
    *NAMED_FORMATS.values(),
    "%d/%m/%Y %H:%M",
    "%m/%d/%y %I:%M:%S %p",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%d-%b-%Y",
    "%B %d, %Y",
    "%Y-%jT%H:%M:%S.%f%z",
    "%A, %d.%m.%Y",
    "%% %Y-%m-%d %H:%M:%S",
]


def parse(text: str | None, layout: str) -> int | None:
    times_us, is_valid = time_format(layout).parse(pa.array([text], pa.string()))
    return int(times_us[0]) if is_valid[0] else None


@given(
    st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31), timezones=st.just(timezone.utc)),
    st.sampled_from(FORMATS),
)
def test_formats_agree_with_strptime(moment: datetime, layout: str) -> None:
    text = moment.strftime(layout)
    expected = datetime.strptime(text, layout)
    if expected.tzinfo is None:
        expected = expected.replace(tzinfo=timezone.utc)
    assert parse(text, layout) == (expected - EPOCH) // (datetime.resolution)


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        ("12/1/2010 8:26", "%m/%d/%Y %H:%M", "2010-12-01T08:26"),
        ("12/1/2010 8:26", "%d/%m/%Y %H:%M", "2010-01-12T08:26"),
        ("Tue Apr 03 18:00:09 +0000 2012", "twitter", "2012-04-03T18:00:09"),
        ("10/Oct/2000:13:55:36 -0730", "apache", "2000-10-10T21:25:36"),
        ("01-jan-1995", "%d-%b-%Y", "1995-01-01"),
        ("12:05 a.m. 29.02.96", "%I:%M %p %d.%m.%y", "1996-02-29T00:05"),
        ("20140401", "%Y%m%d", "2014-04-01"),
        ("1995", "%Y", "1995-01-01"),
        ("2014-04-01  10:00:00.1234567", "%F %T.%f", "2014-04-01T10:00:00.123456"),
        ("31/4/2010", "%d/%m/%Y", None),
        ("29/2/1900", "%d/%m/%Y", None),
        ("1900-366", "%Y-%j", None),
        ("2010-12-01", "%d/%m/%Y", None),
        ("1/1/2010 24:00", "%d/%m/%Y %H:%M", None),
        ("1/1/2010 8:26 x", "%d/%m/%Y %H:%M", None),
        ("13:00 PM 1/1/2010", "%I:%M %p %d/%m/%Y", None),
        ("2014041", "%Y%m%d", None),
        ("٣/1/2010", "%d/%m/%Y", None),
        (None, "%Y", None),
    ],
)
def test_texts(text: str | None, layout: str, expected: str | None) -> None:
    found = parse(text, layout)
    wanted = None if expected is None else np.datetime64(expected, "us").astype(np.int64)
    assert found == wanted


@pytest.mark.parametrize(
    ("layout", "part"),
    [
        ("rfc822", "neither a name (apache, ctime, rfc2822, twitter) nor a format"),
        ("%Q %Y", "%Q is not known"),
        ("%Y %Y", "%Y occurs twice"),
        ("%Y %y", "%Y and %y say the same"),
        ("%d/%m", "the year is missing"),
        ("%Y %H:%M", "the month (%m or %b) is missing"),
        ("%Y-%m-%d %I:%M", "%I (hours to 12) and %p (AM or PM) require each other"),
    ],
)
def test_other_formats_are_errors(layout: str, part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        time_format(layout)
