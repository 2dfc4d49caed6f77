/// A metric that the server tells: its name, its labels, and what it means.
///
/// The list is that of docs/operations.md, which a test compares.
struct Metric: Sendable, Hashable {
  /// As Prometheus has it, with its unit.
  let name: String
  let labels: [String]
  /// One line.
  let help: String

  private init(_ name: String, _ labels: [String], _ help: String) {
    self.name = "stocktake_" + name
    self.labels = labels
    self.help = help
  }

  private init(_ name: String, _ help: String) { self.init(name, [], help) }

  static let buildInfo = Metric(
    "build_info", ["version"], "Always 1; the label is the version of the server.")

  static let requests = Metric(
    "http_requests_total", ["operation", "status"], "Requests that were answered.")
  static let requestDuration = Metric(
    "http_request_duration_seconds", ["operation"],
    "Time from a request's head to its answer's beginning.")
  static let requestsInFlight = Metric("requests_in_flight", "Requests that are being answered.")
  static let bodyBytesInFlight = Metric(
    "body_bytes_in_flight", "Bytes of bodies that are being read and worked on.")
  static let answerBytesInFlight = Metric(
    "answer_bytes_in_flight", "Bytes of answers that clients have not taken yet.")
  static let questionsRunning = Metric(
    "questions_running", ["about"],
    "Questions that are being answered, about the fleet or a node.")
  static let questionsWaiting = Metric(
    "questions_waiting", ["about"],
    "Questions that wait for their turn, about the fleet or a node.")
  static let waits = Metric("waits", "Clients that wait for a message or a change.")
  static let connections = Metric("connections", "Connections that are open.")

  static let nodes = Metric("nodes", "Nodes that are neither terminated nor deregistered.")
  static let silentNodes = Metric(
    "nodes_silent", ["for_seconds"],
    "Those of the nodes of which nothing was heard for so long, or ever: no report and no ping.")
  static let oldestSeen = Metric(
    "oldest_seen_age_seconds",
    "How long ago the most silent of the nodes that ever spoke was heard of.")
  static let newestSeen = Metric(
    "newest_seen_age_seconds", "How long ago any of the nodes was heard of.")
  static let nodeCountDuration = Metric(
    "node_count_duration_seconds",
    "What counting the nodes took: once a minute at most, when metrics are asked for.")

  static let logRecords = Metric(
    "log_records",
    "The sequence number of the newest record: reports and acts that were accepted.")
  static let fileBytes = Metric("store_file_bytes", "Bytes of the store's file.")
  static let readers = Metric(
    "store_readers", "Readers that have the store open, in all processes.")
  static let deadReaders = Metric(
    "dead_readers_cleared_total", "Places of readers that died, and were freed.")
  static let readerAge = Metric(
    "oldest_reader_age_seconds",
    "How long the oldest reader has read a state that is not the newest.")
  static let readerLag = Metric(
    "oldest_reader_lag_transactions", "Transactions since the state that the oldest reader reads.")
  static let readerPinned = Metric(
    "oldest_reader_pinned_bytes",
    "Bytes of freed pages that the oldest reader keeps from being used.")

  static let checkSound = Metric(
    "store_check_sound",
    "1 where the last check that ended found the store sound, 0 where damaged.")
  static let checkFinished = Metric(
    "store_check_finished", "1 where the last check of the store came to its end, else 0.")
  static let checkTime = Metric(
    "store_check_timestamp_seconds",
    "When the last check of the store ended, in seconds since 1970.")
  static let checkDuration = Metric(
    "store_check_duration_seconds", "What the last check of the store took.")

  /// All of them, in the order of the document.
  static let all: [Metric] = [
    buildInfo, nodes, silentNodes, oldestSeen, newestSeen, nodeCountDuration, requests,
    requestDuration, requestsInFlight, bodyBytesInFlight, answerBytesInFlight, questionsRunning,
    questionsWaiting, waits, connections, logRecords, fileBytes, readers, deadReaders, readerAge,
    readerLag, readerPinned, checkSound, checkFinished, checkTime, checkDuration,
  ]

  private static let helps = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.help) })

  /// What a metric means; a library that the server uses may have some of its own.
  static func help(of name: String) -> String {
    helps[name] ?? "Of a library that the server uses."
  }
}
