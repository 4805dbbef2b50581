package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.edgeprune.hub.LocalHub;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole processes that download from a server on this machine. */
class DownloadCommandTest {
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

    private ProcessBuilder process() {
        ProcessBuilder process = new ProcessBuilder();
        process.environment()
                .keySet()
                .removeIf(name ->
                        name.startsWith("HF_") || name.toLowerCase(Locale.ROOT).endsWith("_proxy"));
        process.environment().put("HF_ENDPOINT", server.endpoint().toString());
        process.environment().put("HF_HOME", cache.toString());
        return process;
    }

    private Path weights() {
        return cache.resolve("hub/models--someone--tiny/snapshots")
                .resolve(LocalHub.COMMIT)
                .resolve("model.safetensors");
    }

    private long contentRequests() {
        return server.requests.stream()
                .filter(r -> r.path().equals("/model.safetensors"))
                .count();
    }

    @Test
    void twoProcessesAtOnceDownloadOnce() throws Exception {
        server.onContents = (exchange, nth) -> {
            pause(700); // so that both are under way
            return false;
        };
        CompletableFuture<Tool> first =
                CompletableFuture.supplyAsync(() -> Tool.run(process(), "download", LocalHub.REPOSITORY, "--json"));
        CompletableFuture<Tool> second =
                CompletableFuture.supplyAsync(() -> Tool.run(process(), "download", LocalHub.REPOSITORY));
        JsonNode result = first.get().ok().json();
        assertTrue(second.get().ok().out().contains(weights().getParent().toString()));
        assertEquals(LocalHub.COMMIT, result.get("commit").asText());
        assertEquals(weights().getParent().toString(), result.get("directory").asText());
        assertEquals(3, result.get("files").size());
        assertArrayEquals(LocalHub.WEIGHTS, Files.readAllBytes(weights()));
        assertEquals(1, contentRequests());
    }

    @Test
    void aKilledProcessLeavesWhatItGotToTheNext() throws Exception {
        CountDownLatch dead = new CountDownLatch(1);
        server.onContents = (exchange, nth) -> {
            if (nth == 0) {
                LocalHub.cut(exchange, LocalHub.WEIGHTS, 1_000_000);
                try {
                    dead.await(); // the rest never comes
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
            return nth == 0;
        };
        ProcessBuilder command = process().command(Tool.LAUNCHER.toString(), "download", LocalHub.REPOSITORY);
        command.environment().putIfAbsent("JAVA_HOME", System.getProperty("java.home"));
        Process killed = command.start();
        Path blobs = cache.resolve("hub/models--someone--tiny/blobs");
        while (!Files.isDirectory(blobs) || size(blobs) < 900_000) {
            assertTrue(killed.isAlive());
            pause(20);
        }
        killed.destroyForcibly().waitFor();
        dead.countDown();
        Tool.run(process(), "download", LocalHub.REPOSITORY).ok();
        assertArrayEquals(LocalHub.WEIGHTS, Files.readAllBytes(weights()));
        String range = server.requests.stream()
                .filter(r -> r.path().equals("/model.safetensors"))
                .toList()
                .getLast()
                .range();
        assertTrue(Integer.parseInt(range.replaceAll("\\D", "")) >= 900_000, range);
    }

    private static long size(Path blobs) throws IOException {
        try (var files = Files.list(blobs)) {
            return files.filter(f -> f.toString().endsWith(".incomplete"))
                    .mapToLong(f -> f.toFile().length())
                    .sum();
        }
    }

    /** A tunnel for https is asked for with the password; that the proxy does not like it is one line for the user. */
    @Test
    void aProxyForHttpsGetsItsPassword() throws Exception {
        try (ServerSocket proxy = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            CompletableFuture<List<String>> asked = CompletableFuture.supplyAsync(() -> tunnel(proxy));
            ProcessBuilder process = process();
            process.environment().put("HF_ENDPOINT", "https://hub.invalid");
            process.environment().put("https_proxy", "http://me:secret@127.0.0.1:" + proxy.getLocalPort());
            String message = Tool.run(process, "download", LocalHub.REPOSITORY).refused();
            String me = Base64.getEncoder().encodeToString("me:secret".getBytes(StandardCharsets.UTF_8));
            assertEquals("CONNECT hub.invalid:443 HTTP/1.1", asked.get().get(0));
            assertTrue(
                    asked.get().contains("Proxy-Authorization: Basic " + me),
                    asked.get().toString());
            assertTrue(
                    message.startsWith("edgeprune: the proxy requires a user and password")
                            && message.lines().count() == 1,
                    message);
        }
    }

    /** Reads a request for a tunnel and refuses it. */
    private static List<String> tunnel(ServerSocket proxy) {
        try (Socket socket = proxy.accept();
                BufferedReader in =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))) {
            List<String> head = in.lines().takeWhile(line -> !line.isEmpty()).toList();
            socket.getOutputStream()
                    .write("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return head;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void refusalsAreOneLine() {
        assertOneLine(
                "'no repository' is not the name of a Hub repository, such as openai-community/gpt2", "no repository");
        assertOneLine(
                "nobody/nothing: not found on " + server.endpoint() + ": give a name such as openai-community/gpt2",
                "nobody/nothing");
    }

    private void assertOneLine(String expected, String repository) {
        Tool refused = Tool.run(process(), "download", repository);
        assertEquals("edgeprune: " + expected, refused.refused());
        assertEquals(1, refused.errLines().size(), refused.err());
    }

    private static void pause(int milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
