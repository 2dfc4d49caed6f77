import Foundation
import Inventory
import Testing

@testable import stocktake

/// Facts on the command line, and what other sources know of the same packages.
@Suite struct ImportFactsTests {
  @Test func `a past from Ansible and Puppet is recorded`() throws {
    let bench = try Bench()
    bench.environment["TZ"] = "UTC"
    let facts = try bench.file(
      "web-1",
      #"{"ansible_facts":{"ansible_date_time":{"iso8601":"2026-03-03T09:00:00Z"},"#
        + #""packages":{"bash":[{"name":"bash","version":"1:5.2-1","arch":"amd64","source":"apt"}]}}}"#
    )
    var run = try bench.run("import", "ansible", facts, "--node", "a")
    #expect(run.status == 0, "\(run.errors)")
    let rows = try bench.file(
      "rows.json",
      #"[{"certname":"one","package_name":"bash","version":"5.2-1","provider":"apt"},"#
        + #"{"certname":"two","package_name":"bash","version":"5.3-1","provider":"apt"}]"#)
    run = try bench.run("import", "puppet", rows, "--node", "b")
    #expect(run.status == 3 && run.errors.contains("one, two"))
    run = try bench.run("import", "puppet", rows, "--node", "b", "--host", "two")
    #expect(run.status == 0, "\(run.errors)")
    run = try bench.run("show", "a", "Application", "--at", "2026-03-03T09:00:00Z")
    #expect(run.output.contains("1:5.2-1") && run.output.contains("imported from ansible"))
    run = try bench.run("show", "b", "Application")
    #expect(run.output.contains("5.3-1"))
  }

  private func completed(_ item: Item, by known: [Item], _ type: String) throws -> Item {
    let known = try #require(KnownOccurrences(known, of: TypeName(type)))
    return known.completed(item)
  }

  @Test func `a package gets what its source cannot know`() throws {
    let known: [Item] = [
      [
        "Name": "bash", "Version": "5", "Architecture": "x86_64", "Publisher": "M", "Section": "s",
        "InstalledTime": "2026-01-01T00:00:00Z",
      ],
      ["Name": "libc6", "Version": "2", "Architecture": "x86_64", "Publisher": "G"],
      ["Name": "libc6", "Version": "2", "Architecture": "i386", "Publisher": "G"],
      ["Name": "bind", "Version": "9", "Release": "1", "Epoch": "32", "Architecture": "x86_64"],
    ]
    func application(_ item: Item) throws -> Item {
      try completed(item, by: known, "AWS:Application")
    }
    #expect(
      try application(["Name": "bash", "Version": "5", "Architecture": "", "Publisher": ""])
        == known[0])
    #expect(
      try application(["Name": "bash", "Version": "5", "Publisher": "N"])["Publisher"] == "N")
    // Another version of it is the same package.
    #expect(
      try application(["Name": "bash", "Version": "4", "Publisher": ""])
        == ["Name": "bash", "Version": "4", "Publisher": "", "Architecture": "x86_64"])
    // Which of both it is nobody knows.
    let either: Item = ["Name": "libc6", "Version": "2", "Architecture": ""]
    #expect(try application(either) == either)
    #expect(
      try application(["Name": "libc6", "Version": "2", "Architecture": "i386"])["Publisher"] == "G"
    )
    #expect(
      try application(["Name": "bind", "Version": "9", "Release": "1", "Architecture": ""])
        == known[3])
    let other: Item = ["Name": "bind", "Version": "9", "Release": "1", "Epoch": "33"]
    #expect(try application(other)["Epoch"] == "33")
    #expect(try application(["Name": "new", "Version": "1"]) == ["Name": "new", "Version": "1"])
  }

  @Test func `packages of languages get their folder, users what a bill of users lacks`() throws {
    let folder = "/usr/lib/python3/dist-packages"
    let known: [Item] = [["Name": "six", "Version": "1", "Path": folder, "Installer": "pip"]]
    let type = "Custom:PythonPackage"
    #expect(
      try completed(["Name": "six", "Version": "1", "Path": ""], by: known, type) == known[0])
    #expect(
      try completed(["Name": "six", "Version": "2", "Path": ""], by: known, type)
        == ["Name": "six", "Version": "2", "Path": folder])
    let elsewhere: Item = ["Name": "six", "Version": "1", "Path": "/opt"]
    #expect(try completed(elsewhere, by: known, type) == elsewhere)
    let user: Item = ["Name": "root", "Uid": "0", "Gid": "0", "Groups": "root"]
    #expect(try completed(["Name": "root", "Uid": "0"], by: [user], "Custom:User") == user)
    #expect(!KnownOccurrences.areOf(try TypeName("Custom:Mount")))
  }
}
