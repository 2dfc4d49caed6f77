/// What the server takes on at a time, of each kind.
///
/// Nothing is taken for a request before it is known who asks, but for the bytes of its body that have come.
struct Admission: Sendable {
  /// Reports and other writes.
  ///
  /// An eighth is for small calls of agents alone: pings, credentials, and what they ask and tell of their
  /// runs. Throttled, the first ping of an agent costs it five minutes, a status the whole run; a report is
  /// sent again within seconds.
  let requests: Quota
  /// Requests that nobody signs.
  let unsignedRequests: Quota
  /// Bytes of bodies.
  let bodyBytes: Quota
  /// Bytes of answers that clients have not taken yet.
  let answerBytes: Quota
  /// Clients that wait for changes.
  let waits: Quota
  /// Connections, by their addresses.
  let connections: Quota

  init(limits: ServerLimits) {
    let places = limits.requestsInFlightMax
    requests = Quota(
      places, keyMax: limits.requestsPerKeyMax, addressMax: limits.requestsPerAddressMax,
      // One is left for others in any case.
      kept: min((places + 7) / 8, places - 1))
    unsignedRequests = Quota(limits.unsignedRequestsMax)
    bodyBytes = Quota(limits.bodyBytesInFlightMax)
    answerBytes = Quota(limits.answerBytesInFlightMax)
    waits = Quota(limits.waitsMax)
    connections = Quota(
      .max, addressMax: limits.connectionsPerAddressMax ?? max(1, limits.connectionsMax / 2))
  }
}
