package org.edgeprune.draw;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class HtmlPageTest {
    private static final List<DrawnEdge> EDGES = List.of(
            new DrawnEdge("tok_embeds", "a0.h0.v", 0.9),
            new DrawnEdge("tok_embeds", "a0.h1.q", 0.3),
            new DrawnEdge("tok_embeds", "m1", 0.6),
            new DrawnEdge("a0.h0", "m1", 0.8),
            new DrawnEdge("a0.h1", "resid_post", 0.4),
            new DrawnEdge("m1", "resid_post", 1));

    private static final String UPSTREAM = "rgb(31, 111, 192)";
    private static final String DOWNSTREAM = "rgb(217, 98, 43)";

    @TempDir
    Path dir;

    private static Chromium browser() {
        Optional<Chromium> chromium = Chromium.find();
        assumeTrue(
                chromium.isPresent(),
                "no chromium on the PATH: the page is not tested in a browser (Debian: apt-get install chromium)");
        return chromium.get();
    }

    @Test
    void pageIsSelfContainedAndItsDataCannotEndTheScript() {
        String page = CircuitDrawing.of(
                        EDGES,
                        DrawOptions.defaults()
                                .withTitle("</script><script>alert(1)</script>{{svg}}")
                                .withConstants(List.of("</script><b>")))
                .toHtml();
        assertEquals(3, page.split("<script", -1).length - 1, "data, notes and code");
        assertEquals(3, page.split("</script>", -1).length - 1);
        assertTrue(page.contains("<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{svg}}</title>"));
        assertFalse(
                Pattern.compile("\\b(src|href)\\s*=|@import|url\\(")
                        .matcher(page)
                        .find(),
                "refers to something else");
        assertFalse(page.replace("http://www.w3.org/2000/svg", "").contains("://"), "an address");
    }

    @Test
    void clickSliderSearchAndMouseChangeWhatIsSeen() throws Exception {
        Chromium browser = browser();
        JsonNode seen =
                check(browser, CircuitDrawing.of(EDGES, DrawOptions.defaults()).toHtml());

        JsonNode start = seen.get("start");
        assertEquals("6 of 6 edges shown", start.get("shown").textValue().replaceFirst("^0.300: ", ""));
        start.get("nodes").forEach(look -> assertEquals("shown", look.textValue()));
        assertEquals("tok_embeds \u2192 m1\nscore 0.6000", seen.get("edgeTip").textValue());
        assertEquals(
                "a0.h0\nO: a head's output\n1 edge in, 1 out",
                seen.get("nodeTip").textValue());

        JsonNode chosen = seen.get("chosen");
        assertEdges(chosen, UPSTREAM, "tok_embeds>a0.h0.v", "a0.h0.v>a0.h0");
        assertEdges(chosen, DOWNSTREAM, "a0.h0>m1", "m1>resid_post");
        assertEdges(chosen, "faint", "tok_embeds>a0.h1.q", "a0.h1.q>a0.h1", "a0.h1>resid_post", "tok_embeds>m1");
        assertNodes(chosen, "shown", "tok_embeds", "a0.h0.v", "a0.h0", "m1", "resid_post");
        assertNodes(chosen, "faint", "a0.h1", "a0.h1.q");
        assertEquals("a0.h0: 2 nodes upstream, 2 downstream", chosen.get("info").textValue());
        assertEquals(start, seen.get("chosenTwice"), "a second click lets go");

        JsonNode threshold = seen.get("threshold");
        assertEquals("0.600: 4 of 6 edges shown", threshold.get("shown").textValue());
        assertEdges(threshold, "hidden", "tok_embeds>a0.h1.q", "a0.h1.q>a0.h1", "a0.h1>resid_post");
        assertNodes(threshold, "hidden", "a0.h1", "a0.h1.q");
        assertNodes(threshold, "shown", "a0.h0.v", "a0.h0", "m1", "resid_post", "tok_embeds");
        assertEquals(
                "m1: 3 nodes upstream, 1 downstream",
                seen.get("chosenAboveThreshold").get("info").textValue());
        assertEquals(start, seen.get("thresholdBack"));

        JsonNode found = seen.get("found");
        assertEquals("2 nodes found", found.get("info").textValue());
        assertNodes(found, "shown", "a0.h1", "a0.h1.q", "tok_embeds", "resid_post");
        assertNodes(found, "faint", "a0.h0", "a0.h0.v", "m1");
        assertEdges(found, "faint", "tok_embeds>m1", "tok_embeds>a0.h0.v", "a0.h0>m1", "m1>resid_post");
        assertEquals(
                600,
                seen.get("visitedBox").get("clientX").doubleValue(),
                60,
                "Enter centres the match on the 1200 pixel page");
        assertEquals(start, seen.get("cleared"));

        double width = start.get("view").get(2).doubleValue();
        double zoomed = seen.get("zoomed").get(2).doubleValue();
        assertTrue(zoomed < 0.7 * width, "wheel zooms in");
        assertTrue(
                seen.get("panned").get(0).doubleValue()
                        < seen.get("zoomed").get(0).doubleValue() - 5,
                "dragging right shows what is left");
        assertEquals(zoomed, seen.get("panned").get(2).doubleValue(), 1e-6);
        assertEquals(start.get("view"), seen.get("fitted"));
    }

    @Test
    void twoThousandEdgesAreAMatrixWithTheGraphOfASelection() throws Exception {
        Chromium browser = browser();
        String html = CircuitDrawing.of(
                        CircuitDrawingTest.random(2000), DrawOptions.defaults().withSanitize(false))
                .toHtml();
        JsonNode seen = check(browser, html, "matrix-check.js");
        assertEquals("2000 of 2000 edges shown", seen.get("start").textValue());
        assertEquals(0, seen.get("startNodes").intValue());
        int brushed = selected(seen.get("brushed").textValue());
        assertTrue(brushed > 0 && brushed < 1000, seen.toString());
        assertTrue(seen.get("brushedPaths").intValue() == Math.min(400, brushed), seen.toString());
        assertTrue(seen.get("strongest").textValue().startsWith("100 of 2000 edges shown; selected "), seen.toString());
        assertTrue(selected(seen.get("strongest").textValue()) <= Math.min(100, brushed));
        assertTrue(selected(seen.get("clicked").textValue()) > 0, seen.toString());
        assertEquals("2000 of 2000 edges shown", seen.get("cleared").textValue());
        assertTrue(selected(seen.get("byKeyboard").textValue()) >= 0, seen.toString());
        Path page = Files.writeString(dir.resolve("large.html"), html);
        browser.screenshot(page, dir, dir.resolve("large.png"));
        BufferedImage image = ImageIO.read(dir.resolve("large.png").toFile());
        long heads = Arrays.stream(image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth()))
                .filter(rgb -> (rgb >> 16 & 255) - (rgb & 255) > 40 || (rgb & 255) - (rgb >> 16 & 255) > 40)
                .count();
        assertTrue(heads > 2000, heads + " pixels in the colours of edges");
    }

    private static int selected(String shown) {
        return Integer.parseInt(shown.replaceFirst(".*selected (\\d+).*", "$1"));
    }

    private JsonNode check(Chromium browser, String html) throws Exception {
        return check(browser, html, "circuit-check.js");
    }

    @Test
    void collapsedStrongestPinnedByKeyboardAndSaved() throws Exception {
        Chromium browser = browser();
        List<DrawnEdge> edges = List.of(
                new DrawnEdge("tok_embeds", "a0.h0.q", 3.5),
                new DrawnEdge("tok_embeds", "a0.h0.v", -1),
                new DrawnEdge("a0.h0", "m1", 0.5),
                new DrawnEdge("m1", "resid_post", 7));
        String html = CircuitDrawing.of(edges, DrawOptions.defaults()).toHtml();
        JsonNode seen = check(browser, html, "notes-check.js");
        assertEquals(
                "a0.h0\nO: a head's output\n2 edges in, 1 out",
                seen.get("headTip").textValue());
        assertEquals("-1.000: 3 of 4 edges, collapsed", seen.get("collapsed").textValue());
        assertEquals("-1.000: 2 of 4 edges shown", seen.get("strongest").textValue());
        assertEquals(
                "a0.h0: 3 nodes upstream, 2 downstream", seen.get("byEnter").textValue());
        assertEquals("m1", seen.get("afterArrow").textValue());
        assertEquals(
                "{\"a0.h0\":{\"pin\":true,\"alias\":\"mover\",\"group\":\"</script>\",\"remark\":\"copies\"}}",
                seen.get("notes").textValue());
        assertTrue(seen.get("noteTip").textValue().endsWith("mover\ngroup </script>\ncopies"), seen.toString());
        assertTrue(seen.get("widths").get(0).doubleValue()
                > 1.5 * seen.get("widths").get(1).doubleValue());
        JsonNode again = check(browser, seen.get("saved").textValue(), "notes-check.js");
        assertEquals("mover", again.get("firstLabel").textValue());
        assertEquals("group </script>", again.get("pins").textValue());
    }

    private JsonNode check(Chromium browser, String html, String script) throws Exception {
        String check =
                new String(HtmlPageTest.class.getResourceAsStream(script).readAllBytes(), StandardCharsets.UTF_8);
        Path page = Files.writeString(
                dir.resolve("page.html"), html.replace("</body>", "<script>" + check + "</script></body>"));
        String dom = browser.dom(page, dir);
        Matcher result = Pattern.compile("<pre id=\"result\">(.*?)</pre>", Pattern.DOTALL)
                .matcher(dom);
        assertTrue(result.find(), () -> "the check did not run to its end; the page's own script may have failed");
        return new ObjectMapper()
                .readTree(result.group(1)
                        .replace("&lt;", "<")
                        .replace("&gt;", ">")
                        .replace("&amp;", "&"));
    }

    private static void assertEdges(JsonNode seen, String look, String... names) {
        for (String name : names) {
            assertEquals(look, seen.get("edges").get(name).textValue(), name);
        }
    }

    private static void assertNodes(JsonNode seen, String look, String... names) {
        for (String name : names) {
            assertEquals(look, seen.get("nodes").get(name).textValue(), name);
        }
    }
}
