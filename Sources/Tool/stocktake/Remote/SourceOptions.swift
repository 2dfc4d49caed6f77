import ArgumentParser
import Files
import HistoryStore
import Inventory
import Questions
import Terminal

/// Where answers come from and reports go: a store, or a server that has one.
struct SourceOptions: ParsableArguments {
  @OptionGroup var local: StoreOptions

  @Option(
    help: ArgumentHelp(
      "A server in place of a store: http://HOST:PORT or https://….",
      discussion: "Default: $STOCKTAKE_SERVER. Its keys are those of the AWS tools: "
        + "$AWS_ACCESS_KEY_ID, $AWS_SECRET_ACCESS_KEY; --region, else $AWS_REGION.",
      valueName: "url"))
  var server: String?

  @Option(
    help: "The certificates to trust, in PEM. (default: $AWS_CA_BUNDLE, else the system's)",
    completion: .file())
  var cacert: String?

  /// The server, if one is named; a store that is named wins over the environment.
  func remote(region: String?) throws -> RemoteServer? {
    guard let url = server ?? (local.store == nil ? environmentValue("STOCKTAKE_SERVER") : nil)
    else { return nil }
    guard server == nil || local.store == nil else {
      throw CommandFailure(.usage, "--server and --store: give one or the other")
    }
    return try RemoteServer(
      url: url, region: region, certificates: cacert ?? environmentValue("AWS_CA_BUNDLE"))
  }

  /// What answers: the store, or the server if one is named.
  func source(_ scope: some ScopeChoice) throws -> any QuestionSource {
    guard let server = try remote(region: scope.region) else {
      let store = try openForReading()
      return StoreSource(store, try scope.chosen(in: store))
    }
    guard !scope.isEvery else {
      throw CommandFailure(
        .usage, "--all-scopes is for a store; a server answers for its key's account")
    }
    return ServerSource(server)
  }

  /// Opens the store for questions; it must be there.
  func openForReading() throws -> HistoryStore { try local.openForReading() }

  /// Opens the store for writing.
  func openForWriting(limits: ReportLimits = .default) throws -> HistoryStore {
    try local.openForWriting(limits: limits)
  }
}
