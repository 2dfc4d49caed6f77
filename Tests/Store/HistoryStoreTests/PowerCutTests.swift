import CrashSupport
import Foundation
import HistoryStore
import Testing

/// The file that a loss of power leaves: what was flushed, and of what was not any part.
///
/// A disk keeps sectors of 512 bytes whole and promises nothing about their order before a flush. So an
/// image has everything up to the last flush, and each later sector or not, as chance has it.
@Suite struct PowerCutTests {
  @Test(arguments: ["sync", "async", "one"])
  func `a cut of power at any moment loses nothing that was acknowledged`(_ mode: String) throws {
    let seed = testSeed("power cuts")
    var random = SplitMix64(seed: seed)
    var images = 0
    var torn = 0
    for round in 0..<longForm(1, 20) {
      let calls = try CallRecord(
        seed: seed &+ UInt64(round), count: 60, mode,
        // A small map, so that it grows meanwhile.
        mapSize: round % 2 == 0 ? nil : 1 << 16)
      for _ in 0..<longForm(20, 60) {
        let cut = Int.random(in: 0...calls.entries.count, using: &random)
        let image = calls.image(at: cut, &random)
        images += 1
        if image.tornCount > 0 { torn += 1 }
        try check(image, seed: seed &+ UInt64(round), "cut \(cut), seed \(seed)")
      }
    }
    print("\(images) images of \(mode), \(torn) with sectors that were lost")
    #expect(torn > 0)
  }

  private func check(_ image: CallRecord.Image, seed: UInt64, _ what: String) throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/stocktake.lmdb"
    try Data(image.bytes).write(to: URL(fileURLWithPath: path))
    let store: HistoryStore
    do throws(StoreError) { store = try HistoryStore(path: folder.path) } catch {
      // Before the first commit LMDB has flushed nothing of the file: what a cut leaves of it can be
      // no environment, and is refused in words.
      guard error.code == .notAStore || error.code == .damaged else { throw error }
      return #expect(image.acknowledged.isEmpty, "\(error): \(what)")
    }
    // At most 16 reports are under way beside those acknowledged.
    for number in 0..<(image.acknowledged.max() ?? 0) + 20 {
      let isThere = try isStored(NumberedReport(number: number, seed: seed), in: store)
      #expect(isThere || !image.acknowledged.contains(number), "report \(number) lost: \(what)")
    }
    #expect(try store.verify().problems == [], "\(what)")
    let next = try NumberedReport(number: 1000, seed: seed).report()
    _ = try store.record([next])[0].get()
  }
}

/// What a writer asked of the disk, in order.
private struct CallRecord {
  enum Entry {
    case write(place: Int, bytes: ArraySlice<UInt8>, isDurable: Bool)
    case flush
    case acknowledged(Int)
  }

  /// What is left of the file.
  struct Image {
    var bytes: [UInt8] = []
    var acknowledged: Set<Int> = []
    /// Sectors that were written and are not there.
    var tornCount = 0
  }

  private static let sectorBytes = 512
  private(set) var entries: [Entry] = []

  /// Runs a writer to its end.
  init(seed: UInt64, count: Int, _ mode: String, mapSize: Int?) throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/calls"
    var variables = ["RECORD_CALLS": path]
    if let mapSize { variables["MAP_SIZE"] = "\(mapSize)" }
    let end = try ChildProcess.run(
      ["write", folder.path + "/store", "\(seed)", "0", "\(count)", mode], variables)
    #expect(end.status == 0)
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))[...]
    func number(_ index: Int) -> Int {
      (0..<8).reduce(0) { $0 | Int(bytes[index + $1]) << (8 * $1) }
    }
    var at = 0
    while at < bytes.count {
      let (kind, place, count) = (number(at), number(at + 8), number(at + 16))
      let content = bytes[(at + 32)..<(at + 32 + count)]
      at += 32 + count
      switch kind {
      case 1, 2: entries.append(.write(place: place, bytes: content, isDurable: kind == 2))
      case 3: entries.append(.flush)
      default:
        let words = String(decoding: content, as: UTF8.self).split(separator: " ")
        if words.first == "ACK", let number = Int(words[1]) {
          entries.append(.acknowledged(number))
        }
      }
    }
  }

  /// The file after the first `cut` entries, and then no power.
  func image(at cut: Int, _ random: inout SplitMix64) -> Image {
    var image = Image()
    var pending: [(place: Int, bytes: ArraySlice<UInt8>)] = []
    for (index, entry) in entries[..<cut].enumerated() {
      switch entry {
      // A call that is the last may not have returned.
      case .write(let place, let bytes, true) where index < cut - 1:
        image.put(bytes, at: place)
      case .write(let place, let bytes, _): pending.append((place, bytes))
      case .flush:
        for write in pending { image.put(write.bytes, at: write.place) }
        pending = []
      case .acknowledged(let number): image.acknowledged.insert(number)
      }
    }
    // Of one cut all or nothing is on the disk, of another some.
    let share = ([0, 0.5, 0.9, 1] as [Double]).randomElement(using: &random) ?? 1
    for write in pending {
      for start in stride(from: 0, to: write.bytes.count, by: Self.sectorBytes) {
        let end = min(write.bytes.count, start + Self.sectorBytes)
        if Double.random(in: 0..<1, using: &random) < share {
          let from = write.bytes.startIndex
          image.put(write.bytes[(from + start)..<(from + end)], at: write.place + start)
        } else {
          image.tornCount += 1
        }
      }
    }
    return image
  }
}

extension CallRecord.Image {
  mutating func put(_ new: ArraySlice<UInt8>, at place: Int) {
    if place + new.count > bytes.count {
      bytes += [UInt8](repeating: 0, count: place + new.count - bytes.count)
    }
    bytes.replaceSubrange(place..<(place + new.count), with: new)
  }
}
