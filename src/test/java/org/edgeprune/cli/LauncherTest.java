package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class LauncherTest {
    @TempDir
    Path folder;

    @Test
    void startsThroughALinkFromAnotherFolder() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("ep"), Tool.LAUNCHER);
        Tool tool = Tool.start(new ProcessBuilder(
                        link.toString(),
                        "data",
                        "gp",
                        "--out",
                        "here",
                        "--train",
                        "2",
                        "--validation",
                        "2",
                        "--test",
                        "2")
                .directory(folder.toFile()));
        Files.delete(link); // JUnit warns of links that leave the folder
        tool.ok();
        assertTrue(Files.exists(folder.resolve("here/test.jsonl")));
    }

    @Test
    void passesOverAJavaThatIsTooOld() throws IOException {
        Path old = Files.createDirectories(folder.resolve("jdk-17/bin"));
        Files.writeString(folder.resolve("jdk-17/release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"17.0.2\"\n");
        executable(old.resolve("java"), "exit 99");
        ProcessBuilder process = new ProcessBuilder();
        process.environment().put("JAVA_HOME", old.getParent().toString());
        assertTrue(Tool.run(process, "--version").ok().out().startsWith("edgeprune "));
    }

    @Test
    void optionsOfJavaArePassedOn() {
        ProcessBuilder process = new ProcessBuilder();
        process.environment().put("EDGEPRUNE_JAVA_OPTIONS", "-Xmx64m -Xlog:arguments");
        assertTrue(Tool.run(process, "--version").ok().out().contains("-Xmx64m"));
    }

    @Test
    void classesOfTheJarsComeFromAnArchive() {
        Tool.run("--version").ok(); // makes it, where it is not there
        ProcessBuilder process = new ProcessBuilder();
        process.environment().put("EDGEPRUNE_JAVA_OPTIONS", "-Xlog:class+load");
        String jackson = Tool.run(process, "info", "--json")
                .ok()
                .out()
                .lines()
                .filter(line -> line.contains("com.fasterxml.jackson.databind.ObjectMapper source: "))
                .findFirst()
                .orElseThrow();
        assertTrue(jackson.contains("shared objects file"), jackson);
    }

    /** macOS has bash 3.2, and sed, find, readlink, stat and date of BSD. */
    @Test
    void whatRunsOnMacOsUsesNothingThatItsBashAndToolsLack() throws IOException {
        Pattern missing = Pattern.compile(
                "mapfile|readarray|(declare|local|typeset) -[a-zA-Z]*[An]|\\$\\{\\w+(,|\\^|@)|\\[\\[ -v|wait -n|coproc"
                        + "|EPOCH|&>>|\\|&|;;?&|(source|\\.) <\\(|printf [^|]*%\\(|readlink -f|realpath|nproc\\b|-quit|sed -i"
                        + "|sed [^|]*\\\\\\||grep -\\w*P|stat -c|date -\\w*d|sort -V|head -n -|xargs -\\w*r|mktemp -t|\\$\\{\\w+: -");
        List<String> found = new ArrayList<>();
        for (String script : List.of("edgeprune", "find_java", "build_mpi.sh", "../native/build.sh")) {
            Path file = Tool.LAUNCHER.resolveSibling(script).normalize();
            Files.readAllLines(file).stream()
                    .filter(line -> !line.strip().startsWith("#"))
                    .filter(line -> missing.matcher(line.replace("_NPROCESSORS_ONLN", ""))
                            .find())
                    .forEach(line -> found.add(file.getFileName() + ": " + line));
        }
        assertEquals(List.of(), found);
        for (String fault : List.of(
                "mapfile -t a",
                "x=${y,,}",
                "local -A m",
                "source <(cat x)",
                "readlink -f x",
                "find . -print -quit",
                "sed -n '/a\\|b/p'")) {
            assertTrue(missing.matcher(fault).find(), fault);
        }
    }

    @Test
    void saysWhatTheBuildLacks() throws IOException {
        Path root = Files.createDirectories(folder.resolve("checkout/run_scripts"));
        Path launcher = Files.copy(Tool.LAUNCHER, root.resolve("edgeprune"));
        Files.createFile(folder.resolve("checkout/pom.xml")); // what makes it a checkout, not a distribution
        Path bin = Files.createDirectory(folder.resolve("bin"));
        for (String program : List.of("bash", "dirname", "find", "mkdir", "flock", "env")) {
            executable(bin.resolve(program), "exec " + onPath(program) + " \"$@\"");
        }
        assertLacks("Maven is needed", launcher, bin);
        executable(bin.resolve("mvn"), "exit 99");
        assertLacks("a C++ compiler is needed", launcher, bin);
    }

    @Test
    void showsWhyABuildFailed() throws IOException {
        Path root = Files.createDirectories(folder.resolve("checkout/run_scripts"));
        Path launcher = Files.copy(Tool.LAUNCHER, root.resolve("edgeprune"));
        Files.writeString(folder.resolve("checkout/pom.xml"), "<project><modelVersion>4.0.0</modelVersion></project>");
        Tool tool = Tool.start(new ProcessBuilder(launcher.toString(), "--version"));
        assertEquals(1, tool.exit());
        assertTrue(
                tool.err().contains("ERROR") && tool.err().contains("the build failed; all that Maven said is in "),
                tool.err());
        assertEquals("", tool.out());
    }

    @Test
    void argumentsAreUtf8InTheLocaleC() {
        String command = "unset LC_CTYPE LANG; LC_ALL=C exec \"$0\" edges $'M\\xc3\\xbc.json' --count";
        Tool tool = Tool.start(new ProcessBuilder("bash", "-c", command, Tool.LAUNCHER.toString()));
        assertEquals(2, tool.exit(), tool.err());
        assertTrue(tool.err().contains("M\u00fc.json: "), tool.err());
    }

    private static void assertLacks(String message, Path launcher, Path bin) {
        ProcessBuilder process = new ProcessBuilder(launcher.toString(), "--version");
        process.environment().put("PATH", bin.toString());
        process.environment().remove("CXX");
        Tool tool = Tool.start(process);
        assertEquals(1, tool.exit());
        assertTrue(tool.err().startsWith("edgeprune: " + message) && tool.err().contains("install"), tool.err());
        assertEquals(1, tool.err().lines().count());
    }

    private static void executable(Path file, String body) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + body + "\n");
        assertTrue(file.toFile().setExecutable(true));
    }

    private static Path onPath(String program) {
        for (String directory : System.getenv("PATH").split(":", -1)) {
            Path file = Path.of(directory, program);
            if (Files.isExecutable(file)) {
                return file;
            }
        }
        throw new AssertionError("no " + program + " on the PATH");
    }
}
