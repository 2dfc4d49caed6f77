public import Inventory

/// What runs by the clock: cron's tables and folders, and systemd's timers that are enabled.
public struct CronJobCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:CronJob`.
  public var type: TypeName { .cronJob }

  /// Bytes of one table.
  private static let bytesMax = 1 << 20
  /// Where systemd looks for units, the first first.
  private static let unitFolders = [
    "etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system", "lib/systemd/system",
  ]

  /// One item for each job, in order of where it stands; none where nothing runs by the clock.
  ///
  /// Commands are redacted. A table that cannot be read is a warning.
  public func collect(from machine: Machine) throws -> [Item] {
    guard machine.exists("etc") else {
      throw CollectorError.unavailable("\(machine.path("etc")): there is no such folder")
    }
    var items = table("etc/crontab", hasUser: true, user: "root", machine)
    for name in names("etc/cron.d", machine) {
      items += table("etc/cron.d/" + name, hasUser: true, user: "root", machine)
    }
    for folder in ["var/spool/cron/crontabs", "var/spool/cron"] {
      for name in names(folder, machine) where name != "crontabs" {
        items += table("\(folder)/\(name)", hasUser: false, user: name, machine)
      }
    }
    for period in ["hourly", "daily", "weekly", "monthly"] {
      items += names("etc/cron." + period, machine).map { name in
        [
          "Name": "/etc/cron.\(period)/\(name)", "Kind": "cron", "Schedule": "@" + period,
          "User": "root", "Command": "/etc/cron.\(period)/\(name)",
        ]
      }
    }
    return items + timers(machine)
  }

  /// Names that cron looks at; those with a dot are leftovers of a package manager.
  private func names(_ folder: String, _ machine: Machine) -> [String] {
    ((try? machine.names(in: folder)) ?? []).filter { !$0.contains(".") && !$0.hasSuffix("~") }
  }

  private func table(
    _ path: String, hasUser: Bool, user: String, _ machine: Machine
  ) -> [Item] {
    guard machine.exists(path) else { return [] }
    let bytes: [UInt8]
    do { bytes = try machine.bytes(of: path, max: Self.bytesMax) } catch {
      // A folder in the place of a table: var/spool/cron has some.
      if !error.message.hasSuffix("Is a directory") { machine.warn(error.message) }
      return []
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    var counts: [String: Int] = [:]
    return lines.compactMap { line in
      guard let job = CronLine(line.trimmed, hasUser: hasUser) else { return nil }
      // A job's place in its file moves when others come; what it does stays.
      let command = text(cutTo: 2000, Redaction.line(job.command))
      let name = "/\(path): \(command)"
      counts[name, default: 0] += 1
      let count = counts[name] ?? 1
      return [
        "Name": text(cutTo: 4000, count > 1 ? "\(name) (\(count))" : name), "Kind": "cron",
        "Schedule": job.schedule, "User": job.user ?? user, "Command": command,
      ]
    }
  }

  /// The timers that a target wants, which is what "enabled" means.
  private func timers(_ machine: Machine) -> [Item] {
    var paths: [String: String] = [:]
    var dropIns = DropIns()
    for folder in Self.unitFolders.reversed() {
      let names = (try? machine.names(in: folder)) ?? []
      dropIns.add(names.filter { $0.hasSuffix("timer.d") }, in: folder, on: machine)
      for name in names where name.hasSuffix(".timer") {
        paths[name] = "\(folder)/\(name)"
      }
    }
    var wanted: Set<String> = []
    for folder in Self.unitFolders {
      for target in (try? machine.names(in: folder)) ?? [] where target.hasSuffix(".wants") {
        wanted.formUnion((try? machine.names(in: "\(folder)/\(target)")) ?? [])
      }
    }
    return paths.sorted { $0.key < $1.key }.compactMap { name, path in
      guard wanted.contains(name),
        let unit = UnitFile(path, dropIns: dropIns.paths(of: name), on: machine)
      else { return nil }
      let triggers = unit.values.filter { $0.section == "Timer" && $0.name.hasPrefix("On") }
      let service = unit["Timer", "Unit"] ?? name.dropLast(5) + "service"
      return [
        "Name": name, "Kind": "timer", "User": "root", "Command": service,
        "Schedule": text(
          cutTo: 2000, triggers.map { "\($0.name)=\($0.value)" }.joined(separator: "; ")),
      ]
    }
  }
}

/// A line of a table of cron, as crontab(5) describes it.
private struct CronLine {
  let schedule: String
  let user: String?
  let command: String

  /// Nil for comments and variables.
  init?(_ line: String, hasUser: Bool) {
    guard let first = line.first, first != "#" else { return nil }
    let timeCount = first == "@" ? 1 : 5
    guard first == "@" || first == "*" || first.isNumber || first == "-" else { return nil }
    let splits = timeCount + (hasUser ? 1 : 0)
    let words = line.split(maxSplits: splits, whereSeparator: \.isWhitespace)
    guard words.count == splits + 1 else { return nil }
    schedule = words[..<timeCount].joined(separator: " ")
    user = hasUser ? String(words[timeCount]) : nil
    command = words[splits].trimmed
  }
}
