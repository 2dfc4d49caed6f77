import CrashSupport
import Foundation
import Inventory
import LMDB
import Testing

@testable import HistoryStore

/// Two processes that write to one store, each with what it remembers of it.
@Suite(.serialized) struct WritersTests {
  /// A process that acts when it is told to.
  private final class Actor {
    private let child: ChildProcess
    let acts: [String]

    init(_ folder: ScratchFolder) throws {
      child = try ChildProcess(["act", folder.path])
      let line = try #require(child.line())
      acts = line.split(separator: " ").dropFirst().map(String.init)
    }

    func perform(_ act: String) throws {
      try child.say(act)
      let answer = child.line()
      guard answer != "DONE \(act)" else { return }
      throw Disagreement(description: "\(act): \(answer ?? "the process has ended")")
    }

    deinit {
      try? child.hangUp()
      _ = child.end()
    }
  }

  /// Each act of one process between any two of the other, so behind every kind of commit; what holds
  /// after each is what `verify --quick` sees, the rest is looked at when all have had their turn.
  @Test func `whatever two processes write in turns, the store is sound`() throws {
    let folder = try ScratchFolder()
    let one = try Actor(folder)
    try one.perform("begin")
    let other = try Actor(folder)
    #expect(one.acts.count > 10)
    let store = try HistoryStore(path: folder.path)
    var number = 0
    for first in one.acts {
      for second in one.acts {
        for (actor, act) in [(one, first), (other, second), (one, first)] {
          number += 1
          try actor.perform("\(act) \(number)")
          let problems = try store.verify(.rows).problems
          try expectSame(problems, [], "\(act) of \(first), \(second), \(first)")
        }
      }
      let problems = try store.verify().problems
      try expectSame(problems, [], "all acts between two of \(first)")
    }
    try store.checkRebuild()
    try store.checkSoundness()
  }
}
