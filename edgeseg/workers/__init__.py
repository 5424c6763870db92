"""Work in processes of its own: native code may crash, hang or take all memory, and the caller goes on.

`asking` is the caller's side, `answering` the worker's, and `failure` says in a sentence why no answer came.

A worker is a module with two records and a function, started by its name:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Question: ...

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Answer: ...

    def work(question: Question, alive: Alive) -> Answer: ...

    if __name__ == "__main__":
        answer_one(Question, work)

    answer = ask(command("edgeseg.room.module"), Question(), Answer, bounds=Bounds(silence_seconds=60))
    if isinstance(answer, NoAnswer): ...  # answer.failure.reason is a sentence

What goes over the pipes: on the worker's stdin one line of JSON (`question`, `memory_bytes`, `parent`), then,
where the caller sends one, an attachment of bytes; on its stdout one JSON object a line: signs of life
(`{"doing": ...}`), at most one a second, and at the end `{"answer": ...}` or `{"failure": ...}`. Whatever
else the worker's process prints goes to its stderr.
"""
