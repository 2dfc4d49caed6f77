import Testing

@testable import Packages

struct SourcePackageTests {
  @Test(arguments: [
    ("", "bash 5.2.15-2+b7"), ("glibc", "glibc 5.2.15-2+b7"),
    ("bash (5.2.15-2)", "bash 5.2.15-2"), ("samba (2:4.17.12+dfsg-0)", "samba 2:4.17.12+dfsg-0"),
    ("linux-signed-amd64 (6.1.119+1)", "linux-signed-amd64 6.1.119+1"),
    ("odd ()", "odd 5.2.15-2+b7"), (" (1)", "bash 1"),
  ])
  func `dpkg's field says what differs from the package`(field: String, expected: String) {
    let source = SourcePackage(dpkgField: field, ofPackage: "bash", "5.2.15-2+b7")
    #expect("\(source.name) \(source.version)" == expected)
  }

  @Test(arguments: [
    ("bash-5.1.8-9.el9.src.rpm", "bash 5.1.8-9.el9"),
    ("java-17-openjdk-17.0.9.0.9-2.el8.src.rpm", "java-17-openjdk 17.0.9.0.9-2.el8"),
    ("driver-1~rc1^git-1.nosrc.rpm", "driver 1~rc1^git-1"),
    ("bash-5.1.8-9.el9.x86_64.rpm", nil), ("(none)", nil), ("", nil), ("a-b.src.rpm", nil),
    ("-1-2.src.rpm", nil), ("a--2.src.rpm", nil), ("a-1-.src.rpm", nil),
    ("bash_5.2_amd64.deb", nil),
  ])
  func `rpm's name of the source's file has name, version and release`(
    file: String, expected: String?
  ) {
    let source = SourcePackage(rpmFile: file)
    #expect(source.map { "\($0.name) \($0.version)" } == expected)
  }

  @Test(arguments: [
    ("glibc", "glibc 2-1"), ("gcc-12@12.2.0-14", "gcc-12 12.2.0-14"),
    ("samba@2:4.17", "samba 2:4.17"), ("a@", "a 2-1"), ("b-2-1.src.rpm", "b 2-1"),
    ("", nil), ("@1", nil), ("b.rpm", nil),
  ])
  func `a package URL's upstream has a name and may have a version`(
    upstream: String, expected: String?
  ) {
    let source = SourcePackage(upstream: upstream, ofVersion: "2-1")
    #expect(source.map { "\($0.name) \($0.version)" } == expected)
  }
}
