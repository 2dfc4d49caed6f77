"""The times of cron expressions that the Swift tests compare with are those of an independent package.

`python test_cron_reference.py` writes the file anew.
"""

import datetime
from pathlib import Path

from aws_croniter import AwsCroniter

FILE = Path(__file__).with_name("cron-reference.txt")
BEGIN = datetime.datetime(2026, 11, 24, 14, 25, 33, tzinfo=datetime.timezone.utc)
COUNT = 12
EXPRESSIONS = """
0 10 * * ? *|15 12 * * ? *|0 18 ? * MON-FRI *|0 8 1 * ? *|0/15 * * * ? *|0/10 * ? * MON-FRI *
0/5 8-17 ? * MON-FRI *|0/30 20-2 ? * MON-FRI *|* * * * ? *|59 23 31 12 ? *|0 0 29 2 ? 2028-2048
0 0 L * ? *|30 3 L 2 ? *|0 0 L FEB,APR/2 ? *|0 12 L 2 ? 2027-2100
0 0 1W * ? *|0 0 2W * ? *|0 0 15W * ? *|0 0 28W 2 ? *|0 0 29W * ? *|0 0 30W * ? *|0 0 31W * ? *
0 2 ? * SUN *|0 2 ? * 1 *|0 2 ? * 7 *|0 2 ? * SAT *|0 2 ? * TUE,THU *|0 2 ? * 2-6 *
0 2 ? * 1#1 *|0 2 ? * THU#3 *|0 2 ? * 7#5 *|0 2 ? * MON#5 *|0 2 ? * 6#2 *|0 2 ? 3 FRI#4 *
0 2 ? * 1L *|0 2 ? * 7L *|0 2 ? * FRIL *|0 2 ? * 5L *|0 2 ? FEB 2L *
0/7 9-17/3 ? JAN-MAR MON-FRI 2027-2029|1-59/13 0 */9 * ? *|5/20 1,3,23 */10 2/3 ? *|7,8,50 5 1,15,31 * ? *
0 0 ? * FRI-MON *|0 22-4 * * ? *|50-10/7 4 * * ? *|0 0 28-3 * ? *|0 0 1 NOV-FEB ? *
0 0 1 1 ? 2199|0 0 * * ? 2190,2199|30 4 10-20/5 6,12 ? 2030-2033|0 0 ? JUN-AUG SUN,WED 2031
"""


def lines():
    for expression in EXPRESSIONS.replace("\n", "|").strip("|").split("|"):
        times = AwsCroniter(expression).get_next(BEGIN, COUNT)
        yield expression + "\t" + " ".join(
            time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in times if time)


def test_the_file_is_what_the_package_says():
    assert FILE.read_text().splitlines() == list(lines())


if __name__ == "__main__":
    FILE.write_text("\n".join(lines()) + "\n")
