import ArgumentParser
import Files
import Glibc
import HistoryStore
import Inventory
import Terminal

/// Where the store is.
struct StoreOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The store's directory.",
      discussion: "Default: $STOCKTAKE_STORE, else $XDG_DATA_HOME/stocktake, else "
        + "~/.local/share/stocktake.",
      valueName: "dir"),
    completion: .directory)
  var store: String?

  /// The directory that the options and the environment name.
  func directory() throws -> String {
    try Self.directory(option: store, environment: environmentValue)
  }

  static func directory(
    option: String?, environment: (String) -> String?
  ) throws -> String {
    if let option {
      guard !option.isEmpty else { throw CommandFailure(.usage, "--store names no directory") }
      return option
    }
    if let path = environment("STOCKTAKE_STORE") { return path }
    // The XDG specification has a relative path ignored.
    if let data = environment("XDG_DATA_HOME"), data.hasPrefix("/") { return data + "/stocktake" }
    if let home = environment("HOME") { return home + "/.local/share/stocktake" }
    throw CommandFailure(.usage, "there is no HOME to keep a store in; name one with --store DIR")
  }

  /// Opens the store for questions; it must be there.
  func openForReading() throws -> HistoryStore {
    var configuration = HistoryStore.Configuration()
    configuration.isReadOnly = true
    configuration.createsIfMissing = false
    return try open(configuration)
  }

  /// Opens the store for writing, and makes one where there is none unless told otherwise.
  func openForWriting(
    limits: ReportLimits = .default, createsIfMissing: Bool = true
  ) throws -> HistoryStore {
    var configuration = HistoryStore.Configuration()
    configuration.createsIfMissing = createsIfMissing
    configuration.limits = limits
    return try open(configuration)
  }

  /// Opens the store, for questions unless it says otherwise; nil where there is none and one can be made.
  func openIfThere(isReadOnly: Bool = true) throws -> HistoryStore? {
    let path = try directory()
    var configuration = HistoryStore.Configuration()
    configuration.isReadOnly = isReadOnly
    configuration.createsIfMissing = false
    do throws(StoreError) {
      return try HistoryStore(path: path, configuration: configuration)
    } catch {
      var status = stat()
      let isFolder = unsafe stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFDIR
      if error.code == .notFound, isFolder { return nil }
      throw CommandFailure(.storeError, "store \(path): \(error)")
    }
  }

  private func open(_ configuration: HistoryStore.Configuration) throws -> HistoryStore {
    let path = try directory()
    do throws(StoreError) {
      return try HistoryStore(path: path, configuration: configuration)
    } catch {
      if error.code == .notFound {
        throw CommandFailure(
          .storeError,
          """
          there is no store in \(path); make one with "stocktake collect" or "stocktake ingest \
          FILE", or name another with --store DIR
          """)
      }
      throw CommandFailure(.storeError, "store \(path): \(error)")
    }
  }
}

/// Whose inventory is asked about.
protocol ScopeChoice {
  /// The Region that is named; nil for the account's own.
  var region: String? { get }
  /// Whether all accounts and Regions are meant.
  var isEvery: Bool { get }
  /// The scope in a store; nil for all.
  func chosen(in store: HistoryStore) throws -> Scope?
}

/// The account and Region that a command works in.
struct ScopeOptions: ParsableArguments, ScopeChoice {
  @Option(help: "The account, 12 digits.")
  var account = Scope.standard.account

  @Option(
    help: """
      The Region. (default: \(Scope.standard.region), or local in a store that began with it)
      """)
  var region: String?

  /// The scope that the options name in a store; where they name no Region, the account's own there.
  ///
  /// - Parameter store: nil where nothing is recorded.
  func scope(in store: HistoryStore?) throws -> Scope {
    if let region { return try Scope(account: account, region: region) }
    let home = try store?.homeRegion(of: account)
    return try Scope(account: account, region: home ?? Scope.standard.region)
  }

  var isEvery: Bool { false }

  func chosen(in store: HistoryStore) throws -> Scope? { try scope(in: store) }

  func validate() throws {
    do { _ = try Scope(account: account, region: region ?? Scope.standard.region) } catch {
      throw ValidationError(error.description)
    }
  }
}

/// The account and Region that a question is about, or all of them.
struct WideScopeOptions: ParsableArguments, ScopeChoice {
  @OptionGroup var one: ScopeOptions

  @Flag(help: "Answer for every account and Region in the store.")
  var allScopes = false

  var region: String? { one.region }

  var isEvery: Bool { allScopes }

  func chosen(in store: HistoryStore) throws -> Scope? {
    allScopes ? nil : try one.scope(in: store)
  }
}
