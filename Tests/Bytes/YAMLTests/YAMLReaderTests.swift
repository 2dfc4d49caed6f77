import Testing

@testable import YAML

struct YAMLReaderTests {
  private func read(_ text: String) throws -> YAMLNode? {
    try YAMLReader.document(Array(text.utf8))
  }

  private func value(_ text: String) throws -> YAMLNode {
    try #require(try read("a: \(text)")?.mapping(of: ["a"]).needed("a"))
  }

  @Test(arguments: ["", "\n\n", "# a remark\n", "---\n...\n"])
  func `a document without a value is nothing`(text: String) throws {
    #expect(try read(text)?.isNull ?? true)
  }

  @Test func `both styles of lists and mappings are read, with their places`() throws {
    let text = """
      # what to collect
      rules:
        - {path: /etc, "patterns": ['*.conf', "b\\tc"]}
        - path: >-
            two
            lines
          patterns: []
      """
    let rules = try #require(try read(text)).mapping(of: ["rules"]).needed("rules").list()
    #expect(rules.count == 2)
    let first = try rules[0].mapping(of: ["path", "patterns"])
    #expect(try first.needed("path").text() == "/etc")
    #expect(try first.needed("patterns").texts() == ["*.conf", "b\tc"])
    let second = try rules[1].mapping(of: ["patterns", "path"])
    #expect(try second.needed("path").text() == "two lines")
    #expect(try second.needed("patterns").texts() == [])
    #expect(rules[1].place == "rules.1")
    #expect(rules[1].line == 4)
  }

  @Test(arguments: [
    ("true", true), ("yes", true), ("On", true), ("FALSE", false), ("no", false), ("off", false),
  ])
  func `a flag is any word of YAML`(text: String, expected: Bool) throws {
    #expect(try value(text).flag() == expected)
    #expect(try value(text).text() == text)
    #expect(throws: YAMLFault.self) { try value("\"\(text)\"").flag() }
  }

  @Test func `numbers are numbers where they are asked for, and texts where texts are`() throws {
    #expect(try value("12").whole() == 12)
    #expect(try value("12").text() == "12")
    #expect(try value("-2.5e1").number() == -25)
    #expect(try value(".5").number() == 0.5)
    for text in ["\"12\"", "12 s", "[12]", "0x10", "nan", "1e999", "~"] {
      #expect(throws: YAMLFault.self) { try value(text).number() }
    }
    #expect(throws: YAMLFault.self) { try value("2.5").whole() }
  }

  @Test(arguments: ["", "~", "null"])
  func `nothing is as if it were not there`(text: String) throws {
    let mapping = try #require(try read("a: \(text)")).mapping(of: ["a"])
    #expect(mapping["a"] == nil)
    #expect(throws: YAMLFault(line: 1, place: "", reason: "\"a\" is missing")) {
      try mapping.needed("a")
    }
  }

  @Test func `an alias is what it stands for`() throws {
    let node = try #require(try read("a: &x [1, 2]\nb: *x\n")).mapping(of: ["a", "b"])
    #expect(try node.needed("b").texts() == ["1", "2"])
  }

  @Test(arguments: [
    ("a: [1", 2), ("a: 1\nb: \"", 2), ("a: *gone", 1), ("a: 1\n---\nb: 2", 3), ("a: 1\n\tb: 2", 2),
    ("? [1]\n: 2", 1), ("a: @", 1), ("a: \u{1}", 1),
  ])
  func `what is no document is refused by its line`(text: String, line: Int) throws {
    let fault = try #require(throws: YAMLFault.self) { try read(text) }
    #expect(fault.line == line, "\(fault)")
    #expect(fault.reason != "")
  }

  @Test func `few bytes do not become many values`() throws {
    var text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n"
    for n in 1...9 {
      let aliases = Array(repeating: "*a\(n - 1)", count: 10).joined(separator: ",")
      text += "a\(n): &a\(n) [\(aliases)]\n"
    }
    #expect(throws: YAMLFault.self) { try read(text) }
    #expect(throws: YAMLFault.self) { try read("a: &x [*x]") }
    #expect(throws: YAMLFault.self) { try read(String(repeating: "[", count: 900)) }
  }

  @Test func `keys that are unknown or there twice are told`() throws {
    let unknown = try #require(throws: YAMLFault.self) {
      try read("a: 1\nx: 2")?.mapping(of: ["a", "b"])
    }
    #expect(unknown.description == "line 2: \"x\" is none of a, b")
    let twice = try #require(throws: YAMLFault.self) { try read("a: 1\na: 2")?.mapping(of: ["a"]) }
    #expect(twice.description == "line 2: \"a\" is there twice")
  }
}
