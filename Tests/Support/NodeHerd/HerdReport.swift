import Foundation

/// What nodes of a modelled fleet have: packages of some versions, in the agent's form.
enum HerdReport {
  /// Kinds of machines.
  private static let profiles = 8

  /// The content of AWS:Application as JSON, and its tag; a new version has one package more recent.
  static func applications(_ node: HerdNode, packages: Int) -> (content: String, hash: String) {
    let profile = node.number % profiles
    let rows = (0..<packages).map { number in
      let isNew = node.version > 0 && number == node.version % packages
      let version = isNew ? "2.\(node.version)" : "1.\((number + profile * 7) % 40)"
      return "{\"Name\":\"package-\(number)\",\"Version\":\"\(version)-0+deb12u\(number % 5)\","
        + "\"Publisher\":\"Maintainers of package-\(number) <package-\(number)@example.org>\","
        + "\"Architecture\":\"x86_64\",\"ApplicationType\":\"admin\","
        + "\"PackageId\":\"package-\(number)_\(version)_amd64.deb\","
        + "\"Summary\":\"what package number \(number) of the modelled fleet does for a living\","
        + "\"URL\":\"https://example.org/package-\(number)\"}"
    }
    return ("[\(rows.joined(separator: ","))]", "a\(profile)v\(node.version)p\(packages)")
  }

  /// The body of PutInventory, whole or as hashes alone.
  static func body(_ node: HerdNode, packages: Int, isWhole: Bool) -> String {
    let (applications, hash) = applications(node, packages: packages)
    let network =
      "[{\"Name\":\"eth0\",\"MacAddress\":\"02:00:\(node.number)\",\"IPV4\":\"10.0.0.\(node.number)\","
      + "\"IPV6\":\"\"}]"
    let details =
      "[{\"CPUModel\":\"Modelled\",\"CPUs\":\"2\",\"CPUCores\":\"2\",\"CPUSockets\":\"1\","
      + "\"CPUHyperThreadEnabled\":\"false\",\"CPUSpeedMHz\":\"\",\"KernelVersion\":\"6.1\","
      + "\"OSServicePack\":\"\"}]"
    let time = ISO8601DateFormatter().string(from: Date())
    let items = [
      ("AWS:Application", "1.1", hash, applications),
      ("AWS:Network", "1.0", "n\(node.number)", network),
      ("AWS:InstanceDetailedInformation", "1.0", "d", details),
      ("AWS:AWSComponent", "1.0", "c", "[]"),
    ].map { type, version, hash, content in
      "{\"TypeName\":\"\(type)\",\"SchemaVersion\":\"\(version)\",\"CaptureTime\":\"\(time)\","
        + "\"ContentHash\":\"\(hash)\""
        + (isWhole || (type == "AWS:Application" && node.isChanged)
          ? ",\"Content\":\(content)" : "") + "}"
    }
    return "{\"InstanceId\":\"\(node.id)\",\"Items\":[\(items.joined(separator: ","))]}"
  }
}

/// Latencies of one kind of call.
struct HerdFigures {
  private(set) var seconds: [Float] = []
  private(set) var errors: [String: Int] = [:]

  mutating func note(_ answer: HerdAnswer) {
    if let error = answer.error {
      errors[error, default: 0] += 1
    } else {
      seconds.append(Float(answer.seconds))
    }
  }

  /// `count, p50, p99, largest` in milliseconds, and errors by name.
  func line(_ name: String) -> String {
    let sorted = seconds.sorted()
    func at(_ part: Double) -> String {
      guard !sorted.isEmpty else { return "-" }
      let value = sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
      return String(format: "%.2f", value * 1000)
    }
    let refused = errors.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    return "\(name)\t\(seconds.count)\t\(at(0.5))\t\(at(0.99))\t\(at(1))\t\(refused)"
  }
}
