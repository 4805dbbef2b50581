package org.edgeprune.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.edgeprune.fixture.Fixtures;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The README and the pages of the site: every command in them works, every link leads somewhere.
 *
 * <p>The commands of a page are run in their order, in one folder, as a reader would run them. Three things differ:
 * training is cut short by further options and has few prompts, {@code openai-community/gpt2} is the bundled model in a
 * cache that is used offline, and the commands of {@link #ELSEWHERE} are run elsewhere.
 */
@Order(1)
@Execution(ExecutionMode.CONCURRENT)
class DocumentationTest {
    private static final Path ROOT = Path.of("").toAbsolutePath();

    /** Commands that cannot be run from within the tests, with the reason. */
    private static final Map<String, String> ELSEWHERE = Map.ofEntries(
            Map.entry(
                    "run_scripts/methods.sh out/methods",
                    "takes half an hour; MethodStudyTest runs every method for moments"),
            Map.entry(
                    "edgeprune prune --task custom --data data/custom_example.jsonl --model openai-community/gpt2 --out out/custom",
                    "its words are not in the bundled model's vocabulary; CustomTaskTest runs other prompts"),
            Map.entry(
                    "edgeprune convert roneneldan/TinyStories-1M -o out/tiny   # pytorch_model.bin of a repository on the Hub",
                    "needs the Hub; HubTest downloads such a repository"),
            Map.entry(
                    "edgeprune validate out/demo", "runs hundreds of circuits; RunCommandsTest validates a small one"),
            Map.entry("run_scripts/build_mpi.sh", "run by MpiRunTest where there is MPI"),
            Map.entry(
                    "mpirun -n 4 edgeprune prune --task ioi --out out/ioi-ranks",
                    "MpiRunTest makes such runs where there is MPI"),
            Map.entry("mvn verify", "this test is part of it"),
            Map.entry("mvn install -DskipTests", "run by run_scripts/consumer_test.sh"),
            Map.entry(
                    "mvn compile exec:exec \"-Dexec.args=--enable-native-access=ALL-UNNAMED -cp %classpath FindCircuit MODEL circuit 800\"",
                    "run by run_scripts/consumer_test.sh"),
            Map.entry("tar -xzf edgeprune-0.2.0.tar.gz", "run by run_scripts/distribution_test.sh"),
            Map.entry("edgeprune-0.2.0/bin/edgeprune demo --out out/demo", "run by run_scripts/distribution_test.sh"),
            Map.entry(
                    "run_scripts/edgeprune demo --out out/demo",
                    "run in full by .ci/run, which checks the numbers that it prints"));

    /**
     * Stands for {@code edgeprune} on the path: the launcher, with training cut short and on few prompts, where these
     * would be generated.
     */
    private static final String SHORT = """
            #!/usr/bin/env bash
            few=()
            if [[ ! " $* " =~ " --"(data|data-seeds|fresh-data|resume)" " && " $* " =~ " --task "(ioi|ioi-t1|gt|gp)" " ]]; then
                few=(--data "%2$s/${BASH_REMATCH[1]}")
                [ -d "${few[1]}" ] || %1$s data "${BASH_REMATCH[1]}" --train 32 --validation 16 --test 16 --out "${few[1]}" >/dev/null
            fi
            if [[ ! " $* " =~ " --"(published|warm-start|resume)" " && "$1" =~ ^(prune|sweep)$ ]]; then few+=(--published); fi
            case "$1" in
                prune | sweep) exec %1$s "$@" "${few[@]}" --steps 2 --warmup-steps 1 --sparsity-warmup-steps 1 --max-train-samples 8 --evaluate-every 0 ;;
                acdc) exec %1$s "$@" --max-samples 2 --threshold 0.5 --order published ;;
                mattr) exec %1$s "$@" --steps 2 --max-samples 8 ;;
                attribute) exec %1$s "$@" --max-samples 8 ;;
                heads) exec %1$s "$@" --max-samples 2 ;;
                eval) exec %1$s "$@" --max-samples 8 ;;
                tracr) if [ "$2" = suite ]; then exec %1$s "$@" --steps 20; fi ;;
            esac
            exec %1$s "$@"
            """;

    @TempDir
    private Path folder;

    private static List<Path> pages() {
        try (Stream<Path> site = Files.list(ROOT.resolve("src/site/markdown"))) {
            List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md")));
            site.filter(page -> page.toString().endsWith(".md")).sorted().forEach(pages::add);
            return pages;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static Stream<String> namesOfPages() {
        return pages().stream().map(page -> ROOT.relativize(page).toString());
    }

    @ParameterizedTest
    @MethodSource("namesOfPages")
    void everyCommandWorks(String name) throws Exception {
        Path page = ROOT.resolve(name);
        Path bin = Files.createDirectory(folder.resolve("bin"));
        Path edgeprune = Files.writeString(
                bin.resolve("edgeprune"),
                SHORT.formatted(ROOT.resolve("run_scripts/edgeprune"), folder.resolve("few")));
        assertTrue(edgeprune.toFile().setExecutable(true));
        Path cache = hubCache();
        Path work = work();
        for (String command : commands(page)) {
            run(command, work, bin, cache);
        }
    }

    private static List<String> commands(Path page) {
        return blocks(page, "sh").stream()
                .flatMap(block -> block.replace("\\\n", " ").lines())
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .toList();
    }

    private static List<String> blocks(Path page, String language) {
        return Pattern.compile("^```" + language + "\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(text(page))
                .results()
                .map(block -> block.group(1))
                .toList();
    }

    private static String text(Path page) {
        try {
            return Files.readString(page);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The folder in which a page's commands are run: it has what a checkout has. */
    private Path work() throws IOException {
        Path work = Files.createDirectory(folder.resolve("checkout"));
        for (String file : List.of("data/custom_example.jsonl", "data/seeds/templates/sva.json")) {
            Files.createDirectories(work.resolve(file).getParent());
            Files.copy(ROOT.resolve(file), work.resolve(file));
        }
        pickled(work.resolve("path/to/model"));
        Files.copy(Fixtures.golden("convert/llama-gqa.gguf"), work.resolve("model.gguf"));
        return work;
    }

    /** A cache as a download leaves it. */
    private Path hubCache() throws IOException {
        String commit = "0123456789abcdef0123456789abcdef01234567";
        Path repository = folder.resolve("hf/hub/models--openai-community--gpt2");
        Path snapshot = Files.createDirectories(repository.resolve("snapshots").resolve(commit));
        Files.writeString(Files.createDirectory(repository.resolve("refs")).resolve("main"), commit);
        try (Stream<Path> files = Files.list(ROOT.resolve("data/models/mini-gpt2"))) {
            for (Path file : files.toList()) {
                Files.copy(file, snapshot.resolve(file.getFileName()));
            }
        }
        return folder.resolve("hf");
    }

    private static void pickled(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.copy(Fixtures.golden("convert/torch/zip.bin"), directory.resolve("pytorch_model.bin"));
        Files.copy(Fixtures.golden("hf/gpt2-tied/config.json"), directory.resolve("config.json"));
    }

    private void run(String command, Path work, Path bin, Path cache) throws Exception {
        if (ELSEWHERE.containsKey(command)) {
            return;
        }
        Path said = folder.resolve("said.txt");
        ProcessBuilder process = new ProcessBuilder("nice", "-n", "5", "bash", "-c", command) // as Tool.behind does
                .directory(work.toFile())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile());
        process.environment().putIfAbsent("JAVA_HOME", System.getProperty("java.home"));
        process.environment().put("PATH", bin + ":" + System.getenv("PATH"));
        process.environment().put("HF_HOME", cache.toString());
        process.environment().put("HF_HUB_OFFLINE", "1");
        process.environment().keySet().removeAll(List.of("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"));
        Process running = process.start();
        if (!running.waitFor(10, TimeUnit.MINUTES)) {
            running.destroyForcibly();
            throw new AssertionError(command + " did not end: " + text(said));
        }
        assertEquals(0, running.exitValue(), () -> command + ": " + text(said));
    }

    @Test
    void whatIsRunElsewhereStandsInThePages() {
        List<String> all =
                pages().stream().flatMap(page -> commands(page).stream()).toList();
        ELSEWHERE.keySet().forEach(command -> assertTrue(all.contains(command), command));
    }

    @Test
    void everyLinkLeadsSomewhere() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : pages()) {
            Matcher links = Pattern.compile("\\]\\(([^)\\s]+)\\)").matcher(text(page));
            for (MatchResult link : links.results().toList()) {
                String target = link.group(1);
                if (!target.startsWith("https://") && !leads(page, target)) {
                    broken.add(ROOT.relativize(page) + ": " + target);
                }
            }
        }
        assertEquals(List.of(), broken);
    }

    private static boolean leads(Path page, String target) {
        int hash = target.indexOf('#');
        String file = hash < 0 ? target : target.substring(0, hash);
        Path path = file.isEmpty() ? page : page.getParent().resolve(file).normalize();
        if (!Files.exists(path)) {
            return false;
        }
        return hash < 0
                || text(path)
                        .lines()
                        .filter(line -> line.startsWith("#"))
                        .map(line -> line.replaceFirst("^#+ ", "")
                                .toLowerCase(Locale.ROOT)
                                .replaceAll("[^a-z0-9 -]", "")
                                .replace(' ', '-'))
                        .anyMatch(target.substring(hash + 1)::equals);
    }

    /** Scripts that the pages name exist, and can be started. */
    @Test
    void everyScriptExists() {
        TreeSet<String> missing = new TreeSet<>();
        for (Path page : pages()) {
            Pattern.compile("run_scripts/[a-z0-9_/-]+(\\.(sh|py))?")
                    .matcher(text(page))
                    .results()
                    .map(MatchResult::group)
                    .filter(script -> !script.endsWith("/") && !Files.isExecutable(ROOT.resolve(script)))
                    .forEach(missing::add);
        }
        assertEquals(new TreeSet<>(), missing);
    }

    @Test
    void noPageNamesAFolderOfOurMachines() {
        for (Path page : pages()) {
            assertFalse(
                    Pattern.compile("/(work|root|tmp|home)/")
                            .matcher(text(page))
                            .find(),
                    page.toString());
        }
    }
}
