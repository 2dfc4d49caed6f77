"""Schedules as the agent keeps them: `rate(…)` from the last run, `cron(…)` in UTC."""

import datetime

DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def next_time(schedule, last):
    """The time after `last`, in seconds since 1970; None where there is none within two years."""
    inner = schedule[5:-1]
    if schedule.startswith("rate("):
        count, unit = inner.split()
        return last + int(count) * {"minute": 60, "hour": 3600, "day": 86400}[unit.rstrip("s")]
    fields = inner.split()[-6:]  # one more at the beginning are seconds, which nobody counts
    minutes, hours, days, months, weekdays, years = (
        _field(text, *limits) for text, limits in zip(fields, [
            (0, 59), (0, 23), (1, 31), (1, 12, MONTHS, 1), (0, 6, DAYS), (1970, 2199)]))
    day = datetime.datetime.fromtimestamp(last, datetime.timezone.utc).date()
    for _ in range(2 * 366):
        if (day.year in years and day.month in months and day.day in days
                and day.isoweekday() % 7 in weekdays):
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    time = datetime.datetime(day.year, day.month, day.day, hour, minute,
                                             tzinfo=datetime.timezone.utc).timestamp()
                    if time > last:
                        return time
        day += datetime.timedelta(days=1)
    return None


def _field(text, first, last, names=(), offset=0):
    """The values that one field of a cron expression names."""
    values = set()
    for part in text.split(","):
        part, _, step = part.partition("/")
        begin, dash, end = part.partition("-")
        if begin in ("*", "?"):
            begin, dash, end = str(first), "-", str(last)
        numbers = [names.index(word) + offset if word in names else int(word)
                   for word in (begin, end) if word]
        stop = numbers[1] if dash else last if step else numbers[0]
        values.update(range(numbers[0], stop + 1, int(step or 1)))
    return values
