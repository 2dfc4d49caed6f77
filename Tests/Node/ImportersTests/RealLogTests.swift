import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// Reads the logs of the machine that runs the tests.
struct RealLogTests {
  @Test func `the real log ends with what dpkg-query shows`() async throws {
    let directory = "/var/log"
    let paths = try FileManager.default.contentsOfDirectory(atPath: directory)
      .filter { $0.hasPrefix("dpkg.log") }.map { directory + "/" + $0 }
    guard !paths.isEmpty else { return }
    let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
    let items = try await collected(by: ApplicationCollector())
    let history = try DpkgLogImporter().history(paths: paths, current: items, capturedAt: now)
    var last: PackageHistory.Observation?
    var count = 0
    for observation in history.observations {
      if let last { #expect(observation.validTime > last.validTime) }
      // Only a machine that the log saw made has nothing at first; dpkg never goes.
      #expect(count == 0 || !observation.items.isEmpty)
      #expect(Set(observation.items.map { Known($0) }).count == observation.items.count)
      last = observation
      count += 1
    }
    print("dpkg.log: \(history.linesRead) lines, \(count) observations, \(history.warnings)")
    guard let last else { return }
    // The tools of a test run can install packages without dpkg.log; they are named in warnings.
    let contradicted = history.warnings.filter { $0.contains("the log ends with") }
    let different = Set(last.items.map(Known.init)).symmetricDifference(items.map(Known.init))
    #expect(Set(different.map(\.name)).count <= contradicted.count)
  }
}
