"""A rival that keeps a table `span(host, version, installed, start, finish)`."""

from abc import abstractmethod
from typing import Any

from store import OPEN, Row, Store, pair_marked, rollout_query

_STATE = """SELECT v.name, v.version, s.installed FROM host h
  JOIN span s ON s.host = h.id JOIN version v ON v.id = s.version WHERE h.name = {host} """
_WHO = """SELECT h.name FROM version v JOIN span s ON s.version = v.id JOIN host h ON h.id = s.host
  WHERE v.name = {name} AND v.version = {version} AND s.finish > {time} AND s.start <= {time}"""
_NAMES = "JOIN host h ON h.id = s.host JOIN version v ON v.id = s.version"
_CHANGES = f"""SELECT s.start, h.name, v.name, v.version, 1 FROM span s {_NAMES}
  WHERE s.start >= {{start}} AND s.start < {{end}} UNION ALL
  SELECT s.finish, h.name, v.name, v.version, 0 FROM span s {_NAMES}
  WHERE s.finish >= {{start}} AND s.finish < {{end}} AND s.finish < {OPEN}"""
_VERSIONS = """SELECT v.version, s.start, s.finish FROM version v JOIN span s ON s.version = v.id
  WHERE v.name = %(name)s"""
_PARAMETERS = ("host", "name", "version", "time", "start", "end", "first", "last", "days")


class SpanStore(Store):
    """The questions that these ask alike; what each asks best in words of its own is its own."""

    parameter: str
    """How a parameter is written: `:{}` and the like."""
    divide = "/"
    greatest = "greatest"
    state_query = _STATE
    who_query = _WHO

    def __init__(self) -> None:
        self._current = self._in_dialect(self.state_query + f"AND s.finish = {OPEN}")
        self._state = self._in_dialect(self.state_query + "AND s.finish > {time} AND s.start <= {time}")
        self._who = self._in_dialect(self.who_query)
        self._changes = self._in_dialect(_CHANGES)
        rollout = rollout_query(_VERSIONS, self.divide, self.greatest)
        for name in _PARAMETERS:
            rollout = rollout.replace(f"%({name})s", self.parameter.format(name))
        self._rollout = rollout

    def _in_dialect(self, query: str) -> str:
        return query.format(**{name: self.parameter.format(name) for name in _PARAMETERS})

    @abstractmethod
    def _rows(self, query: str, parameters: Any) -> list[Row]:
        """The answer to a query that is prepared when it is first asked."""

    def current(self, host: str) -> list[Row]:
        return self._rows(self._current, {"host": host})

    def state(self, host: str, time: int) -> list[Row]:
        return self._rows(self._state, {"host": host, "time": time})

    def who(self, name: str, version: str, time: int) -> list[Row]:
        return self._rows(self._who, {"name": name, "version": version, "time": time})

    def rollout(self, name: str, first: int, days: int) -> list[Row]:
        last = first + (days - 1) * 86400
        return self._rows(
            self._rollout, {"name": name, "first": first, "last": last, "days": days}
        )

    def changes(self, start: int, end: int) -> list[Row]:
        return pair_marked(self._rows(self._changes, {"start": start, "end": end}))
