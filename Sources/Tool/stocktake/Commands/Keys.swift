import AWSProtocol
import AccessKeys
import ArgumentParser
import Files
import HistoryStore
import Inventory
import JSONTape
import Questions
import Terminal

/// The command `stocktake keys`.
struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make, list, switch off and renew the access keys of the server.",
    discussion: """
      EXAMPLES
        stocktake keys create --regions us-east-1 --permissions read,write
        stocktake keys create --permissions write-node=mi-0123456789abcdef0
        stocktake keys create --permissions read --bearer
        stocktake keys list
        stocktake keys rotate AKIA… --overlap 3600
        stocktake keys disable AKIA…

      A server that has the store open need not be stopped: what is changed here counts at once.
      """,
    subcommands: [
      CreateKey.self, ListKeys.self, DisableKey.self, EnableKey.self, RotateKey.self,
      DeleteKey.self,
    ])
}

/// Where the keys are.
struct KeyOptions: ParsableArguments {
  @OptionGroup var store: StoreOptions
  @Option(
    help: "The file with the server's own secret. (default: server.key beside the store)",
    completion: .file())
  var keyFile: String?

  func open() throws -> AccessKeyStore {
    let (store, secret, file) = try openStore()
    return AccessKeyStore(store, secret: secret, keyFile: file)
  }

  /// The store with the server's secret, and where that is.
  func openStore() throws -> (HistoryStore, ServerSecret, file: String) {
    let directory = try store.directory()
    let file =
      keyFile ?? environmentValue("STOCKTAKE_KEY_FILE") ?? directory + "/" + ServerSecret.fileName
    let store = try store.openForWriting()
    return (store, try failing { try ServerSecret(file: file) }, file)
  }
}

/// Names what is wrong with keys as a failure of the command.
private func failing<R>(_ body: () throws -> R) throws -> R {
  do { return try body() } catch let error as AccessKeyError {
    throw CommandFailure(.storeError, error.description)
  }
}

/// A key's id on the command line.
struct KeyArgument: ParsableArguments {
  @Argument(help: "The key's id, AKIA….")
  var id: String
}

/// `stocktake keys create`.
struct CreateKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an access key, and show its secret this once.",
    discussion: """
      EXAMPLES
        stocktake keys create --description "the night shift" --permissions read
        stocktake keys create --account 111122223333 --regions us-east-1
      """)

  @OptionGroup var keys: KeyOptions
  @Option(help: "The account that the key is of, 12 digits.")
  var account = Scope.standard.account
  @Option(help: "The Regions it may be used in, with commas; all by default.")
  var regions = ""
  @Option(help: "read, write, write-node=ID or admin, with commas. (default: read,write)")
  var permissions: String?
  @Flag(
    help: """
      A token that reads at /v1 of one Region: "Authorization: Bearer TOKEN" in place of a signature.
      """)
  var bearer = false
  @Option(help: "What it is for.")
  var description = ""
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard bearer else { return }
    if let permissions, permissions != "read" {
      throw ValidationError("a bearer token reads only: --permissions read")
    }
    if regions.contains(",") {
      throw ValidationError("a bearer token is for one Region: name one with --regions")
    }
  }

  func run() throws {
    let wanted = try (permissions ?? "read,write").split(separator: ",").map { text in
      guard let permission = Permission(String(text)) else {
        throw CommandFailure(
          .usage, "\"\(text)\" is no permission: read, write, write-node=ID, admin")
      }
      return permission
    }
    guard !wanted.isEmpty else { throw CommandFailure(.usage, "--permissions names none") }
    let store = try keys.open()
    do {
      show(
        bearer
          ? try store.createBearer(
            account: account, region: regions.isEmpty ? nil : regions, description: description)
          : try store.create(
            account: account, regions: regions.split(separator: ",").map(String.init),
            permissions: wanted, description: description), output)
    } catch let error as ReportError {
      throw CommandFailure(.usage, error.description)
    }
  }
}

/// `stocktake keys list`.
struct ListKeys: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the access keys, without their secrets.",
    discussion: """
      EXAMPLES
        stocktake keys list
      """)

  @OptionGroup var keys: KeyOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try keys.open()
    let all = try failing { try store.all() }
    let printer = Printer()
    if output.format != .table {
      ListWriter.write(
        all.map { $0.json(withSecret: false) }, to: printer, as: output.format,
        columns: [
          "accessKeyId", "kind", "account", "regions", "permissions", "status", "created",
          "description",
        ])
    } else if !all.isEmpty {
      var table = Table([
        .init("KEY", isElastic: false), Table.Column("KIND").shared,
        Table.Column("ACCOUNT").shared, .init("REGIONS"), .init("PERMISSIONS"),
        .init("STATUS"), .init("CREATED"), .init("DESCRIPTION"),
      ])
      for key in all {
        table.rows.append([
          .init(key.id), .init(key.kind), .init(key.account),
          .init(key.regions.isEmpty ? "all" : key.regions.joined(separator: " ")),
          .init(key.permissions.map(\.description).joined(separator: " ")),
          .init(key.isActive ? "active" : "disabled", key.isActive ? nil : .red),
          .init(Instant(seconds: key.created / 1000).description), .init(key.description),
        ])
      }
      table.print(to: printer)
      printer.flush()
    }
    if all.isEmpty { throw CommandFailure(.nothingFound, "there are no access keys") }
  }
}

/// `stocktake keys disable`.
struct DisableKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable", abstract: "Switch a key off: its requests are refused from now on.",
    discussion: """
      EXAMPLES
        stocktake keys disable AKIAIOSFODNN7EXAMPLE
      """)

  @OptionGroup var keys: KeyOptions
  @OptionGroup var key: KeyArgument

  func run() throws {
    let store = try keys.open()
    _ = try failing { try store.setActive(false, key.id) }
  }
}

/// `stocktake keys enable`.
struct EnableKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable", abstract: "Switch a key on again.",
    discussion: """
      EXAMPLES
        stocktake keys enable AKIAIOSFODNN7EXAMPLE
      """)

  @OptionGroup var keys: KeyOptions
  @OptionGroup var key: KeyArgument

  func run() throws {
    let store = try keys.open()
    _ = try failing { try store.setActive(true, key.id) }
  }
}

/// `stocktake keys delete`.
struct DeleteKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Remove a key for ever, also one that cannot be read.",
    discussion: """
      EXAMPLES
        stocktake keys delete AKIAIOSFODNN7EXAMPLE
      """)

  @OptionGroup var keys: KeyOptions
  @OptionGroup var key: KeyArgument

  func run() throws {
    guard try keys.open().delete(key.id) else {
      throw CommandFailure(.nothingFound, "there is no access key \(key.id)")
    }
  }
}

/// `stocktake keys rotate`.
struct RotateKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate", abstract: "Give a key a new secret, and show it this once.",
    discussion: """
      EXAMPLES
        stocktake keys rotate AKIAIOSFODNN7EXAMPLE --overlap 3600
      """)

  @OptionGroup var keys: KeyOptions
  @OptionGroup var key: KeyArgument
  @Option(help: "Seconds for which the old secret still counts.")
  var overlap: Int64 = 0
  @OptionGroup var output: OutputOptions

  func run() throws {
    guard (0...(30 * 86400)).contains(overlap) else {
      throw CommandFailure(.usage, "--overlap is 0 to \(30 * 86400) seconds")
    }
    let store = try keys.open()
    show(try failing { try store.rotate(key.id, overlapSeconds: overlap) }, output)
  }
}

/// Shows a key with its secret.
private func show(_ key: AccessKey, _ output: OutputOptions) {
  let printer = Printer()
  if output.format != .table {
    printer.line(key.json(withSecret: true).compact)
  } else if let token = key.token {
    printer.line("STOCKTAKE_TOKEN=\(token)")
  } else {
    printer.line("AWS_ACCESS_KEY_ID=\(key.id)")
    printer.line("AWS_SECRET_ACCESS_KEY=\(String(decoding: key.secret, as: UTF8.self))")
  }
  printer.flush()
}

extension AccessKey {
  /// How requests show that they are of it.
  fileprivate var kind: String { isBearer ? "bearer" : "signature" }

  /// What is told once.
  private var secretMember: JSONValue.Member {
    token.map { .init("token", .string($0)) }
      ?? .init("secretAccessKey", .string(String(decoding: secret, as: UTF8.self)))
  }

  fileprivate func json(withSecret: Bool) -> JSONValue {
    .object(
      [.init("accessKeyId", .string(id))] + (withSecret ? [secretMember] : [])
        + [
          .init("kind", .string(kind)),
          .init("account", .string(account)),
          .init("regions", .array(regions.map(JSONValue.string))),
          .init("permissions", .array(permissions.map { .string($0.description) })),
          .init("status", .string(isActive ? "active" : "disabled")),
          .init("created", .string(Instant(seconds: created / 1000).description)),
          .init("description", .string(description)),
        ])
  }
}
