"""What subscribers do about their taste: like, dislike, save, follow, bring a library, forget.

Rows only. What is learned from them is ``core/taste``'s, when and for which digest the pipeline's.
"""
