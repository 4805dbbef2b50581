package org.edgeprune.hub;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * A Hub on this machine's loopback, and the content server of another host (another port) that it redirects large files
 * to. It speaks the protocol as huggingface.co does, and misbehaves on request.
 */
public final class LocalHub implements AutoCloseable {
    public static final String REPOSITORY = "someone/tiny";
    public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    /** Large enough for many network packets. */
    public static final byte[] WEIGHTS = random(3_000_000);

    static final byte[] CONFIG = "{\"model_type\": \"gpt2\"}".getBytes(StandardCharsets.UTF_8);

    /** What a request asked for. */
    public record Request(String method, String path, String range, String authorization) {}

    /** Does something other than the right thing. @return whether it dealt with the request */
    public interface Fault {
        boolean answer(HttpExchange exchange, int nth) throws IOException;
    }

    public final Map<String, byte[]> files = new LinkedHashMap<>();
    public final List<Request> requests = new CopyOnWriteArrayList<>();
    public volatile Fault onHub = (exchange, nth) -> false;
    public volatile Fault onContents = (exchange, nth) -> false;
    private int contentRequests;
    private final HttpServer hub;
    private final HttpServer contents;

    public LocalHub() throws IOException {
        files.put("config.json", CONFIG);
        files.put("model.safetensors", WEIGHTS);
        files.put("tokenizer.json", "{}".getBytes(StandardCharsets.UTF_8));
        files.put("pytorch_model.bin", random(100));
        files.put("onnx/model.safetensors", random(100));
        files.put("../escape.json", random(100));
        hub = serve(this::hub);
        contents = serve(this::contents);
    }

    private static HttpServer serve(com.sun.net.httpserver.HttpHandler handler) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", handler);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
        return server;
    }

    static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
    }

    /** Settings for this Hub: an empty cache, no proxy, and little patience. */
    HubSettings settings(Path cache) {
        return HubSettings.of(Map.of(
                        "HF_ENDPOINT",
                        endpoint().toString(),
                        "HF_HUB_CACHE",
                        cache.toString(),
                        "HF_TOKEN",
                        "hf_secret"))
                .withPatience(new HubSettings.Patience(3, Duration.ofMillis(10), Duration.ofSeconds(10)));
    }

    /** Requests of one method whose path ends in some text. */
    List<Request> requests(String method, String end) {
        return requests.stream()
                .filter(r -> r.method().equals(method) && r.path().endsWith(end))
                .toList();
    }

    private synchronized int nextContentRequest() {
        return contentRequests++;
    }

    private void record(HttpExchange exchange) {
        Headers headers = exchange.getRequestHeaders();
        requests.add(new Request(
                exchange.getRequestMethod(),
                exchange.getRequestURI().getPath(),
                headers.getFirst("Range"),
                headers.getFirst("Authorization")));
    }

    private void hub(HttpExchange exchange) throws IOException {
        try (exchange) {
            record(exchange);
            if (onHub.answer(exchange, 0)) {
                return;
            }
            String path = exchange.getRequestURI().getPath();
            String resolve = "/" + REPOSITORY + "/resolve/" + COMMIT + "/";
            if (path.equals("/api/models/" + REPOSITORY + "/revision/main")) {
                String siblings = files.keySet().stream()
                        .map(f -> "{\"rfilename\": \"" + f + "\"}")
                        .collect(Collectors.joining(", "));
                send(
                        exchange,
                        200,
                        ("{\"id\": \"" + REPOSITORY + "\", \"sha\": \"" + COMMIT + "\", \"siblings\": [" + siblings
                                        + "]}")
                                .getBytes(StandardCharsets.UTF_8));
            } else if (path.startsWith(resolve) && files.containsKey(path.substring(resolve.length()))) {
                file(exchange, path.substring(resolve.length()));
            } else {
                fail(exchange, 404, "RepoNotFound");
            }
        }
    }

    /** Large files lie on the content server, small ones here. */
    private void file(HttpExchange exchange, String name) throws IOException {
        byte[] bytes = files.get(name);
        exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
        if (name.endsWith(".safetensors")) {
            exchange.getResponseHeaders().set("X-Linked-Size", Integer.toString(bytes.length));
            exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + sha256(bytes) + "\"");
            exchange.getResponseHeaders()
                    .set("Location", "http://127.0.0.1:" + contents.getAddress().getPort() + "/" + name);
            exchange.sendResponseHeaders(302, -1);
        } else {
            exchange.getResponseHeaders().set("ETag", "\"" + gitBlob(bytes) + "\"");
            sendRange(exchange, bytes);
        }
    }

    private void contents(HttpExchange exchange) throws IOException {
        try (exchange) {
            record(exchange);
            if (!onContents.answer(exchange, nextContentRequest())) {
                sendRange(exchange, files.get(exchange.getRequestURI().getPath().substring(1)));
            }
        }
    }

    static void fail(HttpExchange exchange, int status, String code) throws IOException {
        exchange.getResponseHeaders().set("X-Error-Code", code);
        exchange.sendResponseHeaders(status, -1);
    }

    static void send(HttpExchange exchange, int status, byte[] bytes) throws IOException {
        boolean head = exchange.getRequestMethod().equals("HEAD");
        if (head) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
        }
        exchange.sendResponseHeaders(status, head || bytes.length == 0 ? -1 : bytes.length);
        if (!head) {
            exchange.getResponseBody().write(bytes);
        }
    }

    /** Everything, or what the Range header asks for. */
    static void sendRange(HttpExchange exchange, byte[] bytes) throws IOException {
        int from = from(exchange);
        if (from == 0) {
            send(exchange, 200, bytes);
        } else if (from >= bytes.length) {
            exchange.sendResponseHeaders(416, -1);
        } else {
            exchange.getResponseHeaders()
                    .set("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
            send(exchange, 206, Arrays.copyOfRange(bytes, from, bytes.length));
        }
    }

    /** Promises all that was asked for and cuts the connection after some bytes. */
    public static void cut(HttpExchange exchange, byte[] bytes, int count) throws IOException {
        int from = from(exchange);
        if (from > 0) {
            exchange.getResponseHeaders()
                    .set("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, bytes.length - from);
        OutputStream out = exchange.getResponseBody();
        out.write(bytes, from, Math.min(count, bytes.length - from));
        out.flush();
    }

    static int from(HttpExchange exchange) {
        String range = exchange.getRequestHeaders().getFirst("Range");
        return range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=|-$", ""));
    }

    static String sha256(byte[] bytes) {
        return digest("SHA-256", bytes);
    }

    /** As {@code git hash-object} prints it. */
    static String gitBlob(byte[] bytes) {
        byte[] head = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(head, head.length + bytes.length);
        System.arraycopy(bytes, 0, all, head.length, bytes.length);
        return digest("SHA-1", all);
    }

    private static String digest(String algorithm, byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        hub.stop(0);
        contents.stop(0);
    }
}
