package org.edgeprune.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.edgeprune.hub.HubSettings.Patience;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Downloads from a server on this machine that cuts connections, sends wrong bytes, redirects and refuses. */
@Timeout(300)
@Execution(ExecutionMode.CONCURRENT)
class HubTest {
    private static final List<String> MODEL = List.of("config.json", "model.safetensors", "tokenizer.json");
    private static final String WEIGHTS_BLOB = LocalHub.sha256(LocalHub.WEIGHTS);

    @TempDir
    private Path cache;

    private LocalHub server;

    @BeforeEach
    void start() throws IOException {
        server = new LocalHub();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Hub.Snapshot download() {
        return new Hub(server.settings(cache)).download(LocalHub.REPOSITORY, "main", Hub.Listener.NONE);
    }

    private String refusal() {
        return assertThrows(InputException.class, this::download).getMessage();
    }

    private Path repository() {
        return cache.resolve("models--someone--tiny");
    }

    private Path incomplete() {
        return repository().resolve("blobs").resolve(WEIGHTS_BLOB + ".incomplete");
    }

    private void leave(byte[] bytes) throws IOException {
        Files.createDirectories(incomplete().getParent());
        Files.write(incomplete(), bytes);
    }

    private void assertWhole(Hub.Snapshot snapshot) throws IOException {
        assertEquals(MODEL, snapshot.files());
        assertArrayEquals(
                LocalHub.WEIGHTS, Files.readAllBytes(snapshot.directory().resolve("model.safetensors")));
        assertArrayEquals(
                LocalHub.CONFIG, Files.readAllBytes(snapshot.directory().resolve("config.json")));
        assertFalse(Files.exists(incomplete()));
    }

    @Test
    void aRepositoryOfPicklesIsForConvert() throws IOException {
        Hub hub = new Hub(server.settings(cache));
        String has = assertThrows(
                        InputException.class, () -> hub.downloadPickles(LocalHub.REPOSITORY, "main", Hub.Listener.NONE))
                .getMessage();
        assertTrue(has.contains("has safetensors, so there is nothing to convert"), has);
        server.files.remove("model.safetensors");
        assertTrue(
                refusal().endsWith("only pickles: download and convert them: edgeprune convert someone/tiny -o DIR"));
        Hub.Snapshot snapshot = hub.downloadPickles(LocalHub.REPOSITORY, "main", Hub.Listener.NONE);
        assertEquals(List.of("config.json", "pytorch_model.bin", "tokenizer.json"), snapshot.files());
        assertArrayEquals(
                server.files.get("pytorch_model.bin"),
                Files.readAllBytes(snapshot.directory().resolve("pytorch_model.bin")));
        server.files.remove("pytorch_model.bin");
        assertTrue(refusal().contains("choose a repository or revision with safetensors"));
    }

    @Test
    void fillsTheCacheAsHuggingFaceLibrariesDo() throws IOException {
        Hub.Snapshot snapshot = download();
        assertWhole(snapshot);
        assertEquals(repository().resolve("snapshots").resolve(LocalHub.COMMIT), snapshot.directory());
        assertEquals(LocalHub.COMMIT, Files.readString(repository().resolve("refs/main")));
        assertEquals(
                Path.of("../../blobs", WEIGHTS_BLOB),
                Files.readSymbolicLink(snapshot.directory().resolve("model.safetensors")));
        assertEquals(
                Path.of("../../blobs", LocalHub.gitBlob(LocalHub.CONFIG)),
                Files.readSymbolicLink(snapshot.directory().resolve("config.json")));
        try (Stream<Path> blobs = Files.list(repository().resolve("blobs"))) {
            assertEquals(3, blobs.count(), "safetensors, configuration and tokenizer, nothing else of the repository");
        }
    }

    @Test
    void asksForNothingThatIsThere() {
        download();
        server.requests.clear();
        assertEquals(0, download().downloaded());
        assertEquals(1, server.requests.size(), "only which commit 'main' is");
    }

    @Test
    void theTokenGoesToTheHubAndNotToTheHostThatItRedirectsTo() {
        download();
        assertTrue(server.requests("HEAD", "model.safetensors").stream()
                .allMatch(r -> r.authorization().equals("Bearer hf_secret")));
        LocalHub.Request contents = server.requests("GET", "/model.safetensors").stream()
                .filter(r -> r.path().equals("/model.safetensors"))
                .findFirst()
                .orElseThrow();
        assertNull(contents.authorization());
    }

    @Test
    void goesOnWhereACutConnectionStopped() throws IOException {
        server.onContents = (exchange, nth) -> {
            if (nth < 6) {
                LocalHub.cut(exchange, LocalHub.WEIGHTS, 300_000);
            }
            return nth < 6;
        };
        assertWhole(download());
        List<Integer> starts = server.requests("GET", "/model.safetensors").stream()
                .filter(r -> r.path().equals("/model.safetensors"))
                .map(r -> r.range() == null ? 0 : Integer.parseInt(r.range().replaceAll("\\D", "")))
                .toList();
        assertEquals(7, starts.size(), "more failures than attempts without progress are allowed");
        for (int i = 1; i < starts.size(); i++) {
            assertTrue(starts.get(i) > starts.get(i - 1), starts + " must rise");
        }
    }

    @Test
    void goesOnWhereAKilledProcessStopped() throws IOException {
        leave(Arrays.copyOf(LocalHub.WEIGHTS, 1_000_000));
        assertWhole(download());
        assertEquals(
                "bytes=1000000-",
                server.requests("GET", "/model.safetensors").getLast().range());
    }

    @Test
    void healsWrongBytesOfAnEarlierAttempt() throws IOException {
        leave(new byte[1_000_000]);
        assertWhole(download());
        leave(new byte[LocalHub.WEIGHTS.length + 1]);
        Files.delete(repository().resolve("blobs").resolve(WEIGHTS_BLOB));
        assertWhole(download());
    }

    @Test
    void beginsAgainWhereTheServerKnowsNoRanges() throws IOException {
        leave(Arrays.copyOf(LocalHub.WEIGHTS, 1_000_000));
        server.onContents = (exchange, nth) -> {
            LocalHub.send(exchange, 200, LocalHub.WEIGHTS);
            return true;
        };
        assertWhole(download());
    }

    @Test
    void givesUpOnAServerWithoutRangesThatCutsAtTheSamePlaceEveryTime() throws IOException {
        server.onContents = (exchange, nth) -> {
            exchange.sendResponseHeaders(200, LocalHub.WEIGHTS.length);
            exchange.getResponseBody().write(LocalHub.WEIGHTS, 0, 100_000);
            return true;
        };
        String message = refusal();
        assertTrue(message.startsWith("model.safetensors: the download failed repeatedly"), message);
    }

    @Test
    void wrongBytesNeverBecomeAFile() throws IOException {
        byte[] wrong = LocalHub.WEIGHTS.clone();
        wrong[2_000_000] ^= 1;
        server.onContents = (exchange, nth) -> {
            LocalHub.send(exchange, 200, nth == 0 ? wrong : LocalHub.WEIGHTS);
            return true;
        };
        assertWhole(download());

        delete();
        server.onContents = (exchange, nth) -> {
            LocalHub.send(exchange, 200, wrong);
            return true;
        };
        String message = refusal();
        assertTrue(
                message.startsWith(
                        "model.safetensors: the file that the server sends does not have the size and checksum that it states"),
                message);
        assertFalse(Files.exists(incomplete()));
        assertFalse(Files.exists(repository().resolve("blobs").resolve(WEIGHTS_BLOB)));
        assertFalse(new Hub(server.settings(cache))
                .cached(LocalHub.REPOSITORY, "main")
                .isPresent());
    }

    @Test
    void wrongSizesNeverBecomeAFile() {
        byte[] longer = Arrays.copyOf(LocalHub.WEIGHTS, LocalHub.WEIGHTS.length + 1_000_000);
        server.onContents = (exchange, nth) -> {
            LocalHub.send(exchange, 200, longer);
            return true;
        };
        assertTrue(refusal().contains("does not have the size and checksum"));

        byte[] shorter = Arrays.copyOf(LocalHub.WEIGHTS, 2_000_000);
        server.onContents = (exchange, nth) -> {
            LocalHub.sendRange(exchange, shorter);
            return true;
        };
        String message = refusal();
        assertTrue(message.startsWith("model.safetensors: the download failed repeatedly"), message);
    }

    @Test
    void wrongBytesOfASmallFileNeverBecomeAFile() {
        server.onHub = (exchange, nth) -> {
            boolean config = exchange.getRequestMethod().equals("GET")
                    && exchange.getRequestURI().getPath().endsWith("config.json");
            if (config) {
                LocalHub.send(exchange, 200, "{\"model_type\": \"gptX\"}".getBytes(StandardCharsets.UTF_8));
            }
            return config;
        };
        assertTrue(refusal().startsWith("config.json: the file that the server sends does not have"));
    }

    @Test
    void aSilentServerIsLeftAndAskedAgain() throws IOException {
        CountDownLatch downloaded = new CountDownLatch(1);
        server.onContents = (exchange, nth) -> {
            if (nth > 0) {
                return false;
            }
            LocalHub.cut(exchange, LocalHub.WEIGHTS, 500_000);
            await(downloaded);
            return true;
        };
        HubSettings hasty =
                server.settings(cache).withPatience(new Patience(3, Duration.ofMillis(10), Duration.ofSeconds(2)));
        // The server stays silent until the download has ended: it ends only if the client left and asked again.
        try {
            assertWhole(new Hub(hasty).download(LocalHub.REPOSITORY, "main", Hub.Listener.NONE));
        } finally {
            downloaded.countDown();
        }
        String range = server.requests("GET", "/model.safetensors").getLast().range();
        assertTrue(range != null && !range.equals("bytes=0-"), "what had come was kept: " + range);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aBusyServerIsAskedAgain() throws IOException {
        int[] left = {2};
        server.onHub = (exchange, nth) -> {
            boolean busy = left[0]-- > 0;
            if (busy) {
                exchange.getResponseHeaders().set("Retry-After", "0");
                exchange.sendResponseHeaders(left[0] == 1 ? 503 : 429, -1);
            }
            return busy;
        };
        assertWhole(download());

        delete();
        server.onHub = (exchange, nth) -> {
            LocalHub.fail(exchange, 503, "");
            return true;
        };
        server.requests.clear();
        String message = refusal();
        assertTrue(
                message.startsWith("someone/tiny at revision main: the download failed repeatedly (HTTP 503)"),
                message);
        assertEquals(3, server.requests.size());
    }

    @Test
    void followsTheRedirectOfARenamedRepository() throws IOException {
        server.onHub = (exchange, nth) -> {
            String path = exchange.getRequestURI().getPath();
            boolean old = path.contains("old/name");
            if (old) {
                exchange.getResponseHeaders().set("Location", path.replace("old/name", LocalHub.REPOSITORY));
                exchange.sendResponseHeaders(307, -1);
            }
            return old;
        };
        Hub.Snapshot snapshot = new Hub(server.settings(cache)).download("old/name", "main", Hub.Listener.NONE);
        assertWhole(snapshot);
        assertTrue(snapshot.directory().startsWith(cache.resolve("models--old--name")));

        server.onHub = (exchange, nth) -> {
            exchange.getResponseHeaders()
                    .set("Location", exchange.getRequestURI().toString());
            exchange.sendResponseHeaders(307, -1);
            return true;
        };
        assertTrue(refusal().contains("redirected more than 10 times"));
    }

    @Test
    void refusalsSayWhatToDo() {
        assertEquals(
                "someone/tiny: access requires that its terms are accepted: accept them at " + server.endpoint()
                        + "/someone/tiny and set HF_TOKEN",
                refusalOf(403, "GatedRepo"));
        assertEquals(
                "someone/tiny: does not exist, or is private (HTTP 401): check the name, or the token in use may not read it",
                refusalOf(401, "RepoNotFound"));
        assertEquals(
                "someone/tiny: has no revision 'main': see " + server.endpoint() + "/someone/tiny/branches",
                refusalOf(404, "RevisionNotFound"));
        assertEquals(
                "someone/tiny: not found on " + server.endpoint() + ": give a name such as openai-community/gpt2",
                refusalOf(404, "RepoNotFound"));
        assertEquals(
                server.endpoint()
                        + "/api/models/someone/tiny/revision/main: unexpected answer, HTTP 418: no explanation",
                refusalOf(418, ""));
    }

    @Test
    void withoutATokenRefusalsAskForOne() {
        server.onHub = (exchange, nth) -> {
            LocalHub.fail(exchange, 401, "RepoNotFound");
            return true;
        };
        HubSettings nobody =
                HubSettings.of(Map.of("HF_ENDPOINT", server.endpoint().toString(), "HF_HOME", cache.toString()));
        assertEquals(
                "someone/tiny: does not exist, or is private (HTTP 401): check the name, or set HF_TOKEN to a token that may read it",
                assertThrows(InputException.class, () -> new Hub(nobody)
                                .download(LocalHub.REPOSITORY, "main", Hub.Listener.NONE))
                        .getMessage());
    }

    private String refusalOf(int status, String code) {
        server.onHub = (exchange, nth) -> {
            LocalHub.fail(exchange, status, code);
            return true;
        };
        return refusal();
    }

    @Test
    void aServerThatIsNoHubIsNotTrusted() {
        server.onHub = (exchange, nth) -> {
            LocalHub.send(exchange, 200, "{}".getBytes(StandardCharsets.UTF_8));
            return true;
        };
        assertTrue(refusal().contains("the answer is not the description of a model repository"));

        server.onHub = (exchange, nth) -> {
            boolean head = exchange.getRequestMethod().equals("HEAD");
            if (head) {
                exchange.getResponseHeaders().set("ETag", "\"../../../etc/passwd\"");
                LocalHub.send(exchange, 200, LocalHub.CONFIG);
            }
            return head;
        };
        assertTrue(refusal().contains("the server states no checksum or no size"));
    }

    @Test
    void unreachableAndOffline() {
        server.close();
        String message = refusal();
        assertTrue(message.startsWith("someone/tiny at revision main: the Hub cannot be reached ("), message);

        HubSettings offline = HubSettings.of(Map.of("HF_HUB_CACHE", cache.toString(), "HF_HUB_OFFLINE", "1"));
        String absent = assertThrows(InputException.class, () -> new Hub(offline)
                        .download(LocalHub.REPOSITORY, "main", Hub.Listener.NONE))
                .getMessage();
        assertEquals(
                "someone/tiny: revision 'main' is not complete in " + cache
                        + ", and HF_HUB_OFFLINE forbids downloading it: unset it",
                absent);
    }

    @Test
    void offlineTheCacheServes() throws IOException {
        download();
        server.close();
        HubSettings offline = HubSettings.of(Map.of("HF_HUB_CACHE", cache.toString(), "HF_HUB_OFFLINE", "yes"));
        assertWhole(new Hub(offline).download(LocalHub.REPOSITORY, "main", Hub.Listener.NONE));
        assertWhole(new Hub(offline).download(LocalHub.REPOSITORY, LocalHub.COMMIT, Hub.Listener.NONE));
        Files.delete(repository().resolve("blobs").resolve(WEIGHTS_BLOB));
        assertFalse(new Hub(offline).cached(LocalHub.REPOSITORY, "main").isPresent(), "a dangling link is not a file");
    }

    @Test
    void shardsComeWithTheirIndex() {
        server.files.remove("model.safetensors");
        assertTrue(refusal().contains("has no model.safetensors, nor all of its shards"));
        server.files.put("model.safetensors.index.json", "{}".getBytes(StandardCharsets.UTF_8));
        assertTrue(refusal().contains("field weight_map is missing"));
        server.files.put("model.safetensors.index.json", index("model-00001-of-00002", "model-00002-of-00002"));
        server.files.put("model-00001-of-00002.safetensors", LocalHub.random(1000));
        cache = cache.resolve("second");
        assertTrue(refusal().contains("has no file 'model-00002-of-00002.safetensors', which its"));
        server.files.put("model-00002-of-00002.safetensors", LocalHub.random(2000));
        assertEquals(
                List.of(
                        "config.json",
                        "model-00001-of-00002.safetensors",
                        "model-00002-of-00002.safetensors",
                        "model.safetensors.index.json",
                        "tokenizer.json"),
                download().files());
    }

    private static byte[] index(String... shards) {
        return Arrays.stream(shards)
                .map(shard -> "\"tensor of %1$s\": \"%1$s.safetensors\"".formatted(shard))
                .collect(Collectors.joining(", ", "{\"weight_map\": {", "}}"))
                .getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void theIndexSaysWhichFilesAreShardsWhateverTheirNames() {
        server.files.remove("model.safetensors");
        server.files.put("model.safetensors.index.json", index("pytorch_model-1", "model-1-of-99999999999"));
        server.files.put("pytorch_model-1.safetensors", LocalHub.random(1000));
        server.files.put("model-1-of-99999999999.safetensors", LocalHub.random(1000));
        server.files.put("model-1-of-7.safetensors", LocalHub.random(1000));
        List<String> files = download().files();
        assertEquals(
                List.of(
                        "config.json",
                        "model-1-of-99999999999.safetensors",
                        "model.safetensors.index.json",
                        "pytorch_model-1.safetensors",
                        "tokenizer.json"),
                files);
        assertEquals(
                files,
                new Hub(server.settings(cache))
                        .cached(LocalHub.REPOSITORY, "main")
                        .orElseThrow()
                        .files());
    }

    @Test
    void manyAtOnceDownloadEachFileOnce() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
            List<Future<Hub.Snapshot>> all = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                all.add(threads.submit(this::download));
            }
            for (Future<Hub.Snapshot> one : all) {
                assertWhole(one.get());
            }
        }
        assertEquals(
                1,
                server.requests.stream()
                        .filter(r -> r.path().equals("/model.safetensors"))
                        .count());
    }

    @Test
    void listenersHearOfEveryFile() {
        List<String> heard = new ArrayList<>();
        new Hub(server.settings(cache)).download(LocalHub.REPOSITORY, "main", new Hub.Listener() {
            @Override
            public void found(List<String> files) {
                heard.addAll(files);
            }

            @Override
            public void arrived(String file, long bytes, long size) {
                if (bytes == size) {
                    heard.add(file + " " + size);
                }
            }
        });
        assertEquals(
                List.of(
                        "config.json",
                        "model.safetensors",
                        "tokenizer.json",
                        "config.json 22",
                        "model.safetensors 3000000",
                        "tokenizer.json 2"),
                heard);
    }

    @Test
    void namesAreChecked() {
        Hub hub = new Hub(server.settings(cache));
        assertTrue(Hub.isName("gpt2"));
        assertTrue(Hub.isName("openai-community/gpt2"));
        for (String bad : List.of("", "a/b/c", "../x", "x/..", "a--b", "/a", "a b")) {
            assertFalse(Hub.isName(bad), bad);
            assertThrows(InputException.class, () -> hub.download(bad, "main", Hub.Listener.NONE), bad);
        }
        assertThrows(InputException.class, () -> hub.download("a/b", "../../x", Hub.Listener.NONE));
    }

    private void delete() throws IOException {
        try (Stream<Path> all = Files.walk(repository())) {
            for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
