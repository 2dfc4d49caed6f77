import Collectors
import Glibc
import Inventory
import SQLite

/// Reads the history of dnf 4, `/var/lib/dnf/history.sqlite`, and of dnf 5,
/// `/usr/lib/sysimage/libdnf5/transaction_history.sqlite`.
enum DnfHistory {
  /// Whether a file is a database at all.
  static func isDatabase(_ path: String) -> Bool {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var head = [UInt8](repeating: 0, count: 16)
    let count = unsafe read(descriptor, &head, head.count)
    return count == head.count && SQLiteFile.isDatabase(beginningWith: head)
  }

  /// All transactions in the order of their numbers; throws a sentence that names the file.
  static func transactions(
    inFileAt path: String, warnings: inout Warnings
  ) throws(CollectorError) -> [DnfTransaction] {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw CollectorError(path: path, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw CollectorError("\(path) is no regular file")
    }
    guard status.st_size <= ImportLimits.fileBytes else {
      throw CollectorError("\(path) has more than \(ImportLimits.fileBytes) bytes")
    }
    do throws(SQLiteFault) {
      let reader = DnfHistoryReader(path: path, file: try SQLiteFile(path: path))
      try reader.read()
      for warning in reader.warnings.sentences { warnings.add(warning) }
      return reader.transactions
    } catch {
      throw CollectorError("\(path) \(error.reason)")
    }
  }
}

/// Puts transactions and their packages together.
private final class DnfHistoryReader {
  private let path: String
  private let file: SQLiteFile
  private(set) var transactions: [DnfTransaction] = []
  private(set) var warnings = Warnings()
  private var places: [Int64: Int] = [:]

  init(path: String, file: SQLiteFile) {
    self.path = path
    self.file = file
  }

  func read() throws(SQLiteFault) {
    var form: DnfHistoryForm?
    for other in DnfHistoryForm.all where form == nil {
      if try has(other) { form = other }
    }
    guard let form else { throw SQLiteFault(reason: "is no history of dnf") }
    let hasComments = try file.columns(ofTable: "trans")?.contains("comment") ?? false
    try file.rows(form.transactions(hasComments: hasComments)) { take($0) }
    try file.rows(form.steps) { takeStep($0, form) }
    for index in transactions.indices { transactions[index].decideReplaced() }
  }

  private func has(_ form: DnfHistoryForm) throws(SQLiteFault) -> Bool {
    for (table, columns) in form.tables {
      guard try file.columns(ofTable: table)?.isSuperset(of: columns) ?? false else {
        return false
      }
    }
    return true
  }

  private func take(_ row: borrowing SQLiteRow) {
    guard let id = row.integer(at: 0), places[id] == nil else { return }
    let start = row.integer(at: 1).map(Instant.init(seconds:))
    guard let start, start.isReportable else {
      return warnings.add("\(path): transaction \(id) has no time in the years 2000 to 2099")
    }
    // The clock may have been set back while it ran.
    let end = row.integer(at: 2).map { max(start, Instant(seconds: $0)) }
    guard end.map(\.isReportable) ?? true else {
      return warnings.add("\(path): transaction \(id) has no time in the years 2000 to 2099")
    }
    // Nobody is -1, which older versions write as a number of 32 bits.
    let user = row.integer(at: 4).flatMap { $0 >= 0 && $0 < Int64(UInt32.max) ? $0 : nil }
    places[id] = transactions.count
    transactions.append(
      DnfTransaction(
        id: id, start: start, end: end, state: row.integer(at: 6) ?? 0,
        releaseVersion: row.text(at: 3) ?? "", userID: user, commandLine: row.text(at: 5) ?? "",
        comment: row.text(at: 7) ?? ""))
  }

  private func takeStep(_ row: borrowing SQLiteRow, _ form: DnfHistoryForm) {
    guard let id = row.integer(at: 0), let place = places[id] else { return }
    guard
      let package = RpmLogPackage(
        name: row.text(at: 4), epoch: row.text(at: 5), version: row.text(at: 6),
        release: row.text(at: 7), architecture: row.text(at: 8))
    else { return warnings.add("\(path): transaction \(id) has a package that lacks a part") }
    let number = row.integer(at: 1) ?? 0
    let action = form.actions[number]
    if action == nil {
      warnings.add("\(path): transaction \(id) does something unknown with \(package.label)")
    }
    transactions[place].steps.append(
      .init(
        package: package, action: action, reason: row.integer(at: 2) ?? 0,
        isDone: row.integer(at: 3) == form.doneState,
        isReplaced: number == form.replacedAction))
  }
}
